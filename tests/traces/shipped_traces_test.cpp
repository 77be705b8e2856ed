#include "traces/shipped_traces.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/gzip.hpp"
#include "tests/temporary_folder.hpp"
#include "traces/csv.hpp"
#include "traces/gradient_trace.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

std::string error_of(const auto& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

/// A trace of one layer, one rank and two steps, and its table.
std::string write_trace(const fs::path& folder, const std::string& description) {
  std::string table = csv_header<TraceLayerRow>();
  TraceWriter writer(folder);
  for (std::uint64_t step = 0; step < 2; ++step) {
    TraceLayerRow row{};
    row.step = step;
    row.layer = "weight";
    row.parameters = row.sent = row.kept = 10;
    row.density = 1;
    writer.write(row);
    table += csv_line(row);
  }
  TraceHeader header;
  header.model = "small";
  header.scheme = "iwp";
  header.ranks = 1;
  header.steps = 2;
  header.description = description;
  header.layers = {{"weight", 10}};
  writer.commit(header);
  return table;
}

void replace(const fs::path& path, std::string_view what, std::string_view with) {
  auto text = read_file(path);
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  std::ofstream(path) << text;
}

TEST_CASE("a packed table is read as the plain one, and checked") {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "trace";
  const auto table = write_trace(folder, "two steps");
  const auto plain = read_trace(folder);
  CHECK(plain.header.description == "two steps");
  CHECK(read_trace_header(folder).steps == 2);
  const auto packed = pack_gzip(table);
  std::ofstream(folder / "trace_layers.csv.gz") << packed;
  fs::remove(folder / "trace_layers.csv");
  replace(folder / "trace.json", "trace_layers.csv", "trace_layers.csv.gz");
  CHECK_THAT(error_of([&] { (void)read_trace(folder); }),
             Catch::Contains("trace_layers.csv.gz: was changed after it was written"));
  replace(folder / "trace.json", sha256(table), sha256(packed));
  const auto again = read_trace(folder);
  REQUIRE(again.rows.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK(csv_line(again.rows[i]) == csv_line(plain.rows[i]));
  CHECK(again.inputs[1].name.ends_with("trace_layers.csv.gz"));
  std::ofstream(folder / "trace_layers.csv.gz") << packed.substr(0, packed.size() - 9);
  CHECK_THAT(error_of([&] { (void)read_trace(folder); }), Catch::Contains("is cut off"));
}

TEST_CASE("a trace without a description has none") {
  const TemporaryFolder temporary;
  (void)write_trace(temporary.path() / "trace", "");
  CHECK(read_trace_header(temporary.path() / "trace").description.empty());
  CHECK(read_file(temporary.path() / "trace/trace.json").find("description") == std::string::npos);
}

TEST_CASE("shipped traces are whole, and found by their names") {
  const auto traces = shipped_traces();
  struct Expected {
    std::string name, model;
    std::size_t rows;
  };
  const std::vector<Expected> expected{
      {"alexnet", "alexnet", std::size_t{120} * 8 * 16},
      {"alexnet-256", "alexnet", std::size_t{120} * 8 * 16},
      {"alexnet-steered", "alexnet", std::size_t{120} * 8 * 16},
      {"alexnet-steered-256", "alexnet", std::size_t{120} * 8 * 16},
      {"resnet50", "resnet50", std::size_t{60} * 8 * 161},
      {"resnet50-256", "resnet50", std::size_t{60} * 8 * 161}};
  REQUIRE(traces.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(traces[i].name == expected[i].name);
    CHECK(trace_folder(expected[i].name) == traces[i].folder);
    const auto trace = read_trace(traces[i].folder);
    CHECK(trace.header.model == expected[i].model);
    CHECK(trace.rows.size() == expected[i].rows);
    CHECK(!trace.header.description.empty());
  }
}

TEST_CASE("what names a folder is one, and other names are told what there is") {
  CHECK(trace_folder("./none") == "./none");
  CHECK(trace_folder("/") == "/");
  CHECK(error_of([] { (void)trace_folder("alexnt"); }) ==
        "`source`: unknown trace \"alexnt\" (did you mean \"alexnet\"?); accepted: a folder that "
        "ringsim prune wrote, or one of alexnet, alexnet-256, alexnet-steered, "
        "alexnet-steered-256, resnet50, resnet50-256");
}

}  // namespace
}  // namespace ringsim
