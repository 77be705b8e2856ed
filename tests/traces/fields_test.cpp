#include "traces/csv.hpp"
#include "traces/output_file.hpp"
#include "traces/records.hpp"
#include "traces/records/field.hpp"
#include "traces/records/trace_layers.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace ringsim;

namespace {

std::vector<OutputFile> files() {
  return {describe<Summary>(),  describe<StepRow>(),      describe<LayerRow>(),
          describe<LinkRow>(),  describe<StalenessRow>(), describe<TransferRow>(),
          describe<FaultRow>(), describe<TraceLayerRow>()};
}

/// The unit that the end of a name promises; nothing where it promises none.
std::string_view promised_unit(std::string_view name) {
  if (name.ends_with("_s") || name.ends_with("seconds")) return "s";
  if (name.ends_with("_bytes") || name == "bytes") return "bytes";
  if (name.ends_with("_steps")) return "steps";
  return {};
}

/// A column more in a table is a line in its struct.
struct Example {
  static constexpr FileHeading file = {"example.csv", "example", "nobody", "nothing"};
  std::string name;
  double seconds;
  bool is_late;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(Field{"name", &Example::name, "", "A name."},
                Field{"time_s", &Example::seconds, "s", "A time."},
                Field{"double_s", [](const Example& row) { return 2 * row.seconds; }, "s", "Two."},
                Field{"is_late", &Example::is_late, "", "0 or 1."});
  }
};

}  // namespace

TEST_CASE("header and cells come from the fields of the row", "[fields]") {
  CHECK(csv_header<Example>() == "name,time_s,double_s,is_late\n");
  CHECK(csv_line(Example{"a,b", 0.25, true}) == "\"a,b\",0.25,0.5,1\n");
  const auto file = describe<Example>();
  REQUIRE(file.fields.size() == 4);
  CHECK(file.heading.name == "example.csv");
  CHECK(file.fields[1].name == "time_s");
  CHECK(file.fields[1].unit == "s");
  CHECK(file.fields[1].meaning == "A time.");
}

TEST_CASE("every column and key is explained once, with a unit that its name agrees with",
          "[fields]") {
  for (const auto& [heading, fields] : files()) {
    std::set<std::string> names;
    for (const auto& field : fields) {
      INFO(heading.name << ": " << field.name);
      CHECK(names.insert(field.name).second);
      CHECK(std::ranges::find(field_units, field.unit) != std::end(field_units));
      CHECK(field.meaning.size() > 10);
      CHECK(field.meaning.ends_with('.'));
      CHECK(field.meaning.find("  ") == std::string_view::npos);
      const auto promised = promised_unit(field.name);
      if (!promised.empty() && field.name != "staleness_steps") CHECK(field.unit == promised);
    }
  }
}

TEST_CASE("keys within objects and lists are named by their paths", "[fields]") {
  const auto fields = describe<Summary>().fields;
  for (const char* name : {"target", "target.steps", "seconds_per_step.total", "provenance.inputs",
                           "provenance.inputs[].sha256"})
    CHECK(std::ranges::count(fields, name, &FieldText::name) == 1);
}

TEST_CASE("a gradient trace has the bytes of every encoding, in their order", "[fields]") {
  TraceLayerRow row{.step = 1,
                    .rank = 2,
                    .layer = "fc1",
                    .parameters = 8,
                    .threshold = 0.5,
                    .kept = 2,
                    .density = 0.25,
                    .broadcasts = true,
                    .sent = 3,
                    .sampled = 4,
                    .encoded_bytes = {10, 11, 12, 13, 14}};
  CHECK(csv_line(row) == "1,2,fc1,8,0.5,2,0.25,1,3,4,10,11,12,13,14\n");
  const auto fields = describe<TraceLayerRow>().fields;
  const auto first = fields.size() - trace_encodings.size();
  for (std::size_t i = 0; i < trace_encodings.size(); ++i)
    CHECK(fields[first + i].name == std::string(trace_encodings[i]) + "_bytes");
}
