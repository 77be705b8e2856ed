#include "traces/timeline.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace ringsim;

TEST_CASE("a timeline is JSON in microseconds, whatever the names", "[timeline]") {
  std::string text;
  TimelineWriter writer([&](std::string_view part) { text += part; });
  writer.name_process(3, "rank \"2\"\n");
  writer.slice({3, 1}, "select", 0.5, 1.5e-6, "\"step\":7");
  writer.counter(9, "link0", 0.25, 0.125);
  writer.arrow({3, 1}, 0.5, {4, 2}, 0.75);
  writer.end();
  CHECK(text ==
        R"({"displayTimeUnit":"ms","traceEvents":[
{"ph":"M","name":"process_name","pid":3,"tid":0,"args":{"name":"rank \"2\"\n"}},
{"ph":"M","name":"process_sort_index","pid":3,"tid":0,"args":{"sort_index":3}},
{"ph":"X","name":"select","pid":3,"tid":1,"ts":500000,"dur":1.5,"args":{"step":7}},
{"ph":"C","name":"link0","pid":9,"ts":250000,"args":{"utilization":0.125}},
{"ph":"s","cat":"message","name":"message","id":1,"pid":3,"tid":1,"ts":500000},
{"ph":"f","bp":"e","cat":"message","name":"message","id":1,"pid":4,"tid":2,"ts":750000}
]}
)");
}

TEST_CASE("a timeline that viewers would choke on is refused", "[timeline]") {
  std::uint64_t bytes = 0;
  TimelineWriter writer([&](std::string_view part) { bytes += part.size(); });
  const std::string name(TimelineWriter::most_bytes / 4, 'x');
  for (int i = 0; i < 3; ++i) writer.counter(1, name, 0, 0);
  CHECK_THROWS_WITH(writer.counter(1, name, 0, 0),
                    "`timeline`: timeline.json would be larger than 100 MB; narrow it with "
                    "`timeline-steps` (such as 0..4) or `timeline-ranks`");
  CHECK(bytes < TimelineWriter::most_bytes);
}

TEST_CASE("a timeline of the most bytes is not refused, one of a byte more is", "[timeline]") {
  std::uint64_t bytes = 0;
  const auto write = [&](std::string_view part) { bytes += part.size(); };
  const auto write_slice = [&](const std::string& arguments) {
    TimelineWriter(write).slice({1, 0}, "x", 0, 1, arguments);
  };
  write_slice("");
  const std::string arguments(TimelineWriter::most_bytes - bytes, 'x');
  bytes = 0;
  write_slice(arguments);
  CHECK(bytes == TimelineWriter::most_bytes);
  CHECK_THROWS_AS(write_slice(arguments + 'x'), UserError);
}
