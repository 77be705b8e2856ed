// CSV with the columns bytes and seconds.
#include "base/error.hpp"
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim::calibration {
namespace {

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    cells.push_back(stripped(line.substr(begin, end - begin)));
    begin = end + 1;
  }
  return cells;
}

}  // namespace

MeasuredTable read_csv(const std::vector<Line>& lines, const Place& file) {
  MeasuredTable table{"CSV", {}, {}, {}};
  std::optional<std::size_t> bytes, seconds;
  std::size_t columns = 0;
  for (const auto& line : lines) {
    if (line.text.front() == '#') continue;
    const auto cells = cells_of(line.text);
    if (columns == 0) {
      columns = cells.size();
      for (std::size_t i = 0; i < columns; ++i) {
        if (cells[i] == "bytes") bytes = i;
        if (cells[i] == "seconds") seconds = i;
      }
      if (bytes && seconds) continue;
      throw UserError(line.place, fmt::format("found \"{}\"", line.text.substr(0, 60)),
                      "a heading with the columns bytes and seconds, a table of nccl-tests, or "
                      "JSON of nccl-tests or iperf3 is accepted",
                      "begin a CSV file with the line bytes,seconds");
    }
    if (cells.size() != columns) {
      throw UserError(line.place, fmt::format("found {} cells", cells.size()),
                      fmt::format("the heading's {} are accepted", columns));
    }
    table.rows.push_back(
        {read_count(cells[*bytes], line.place), read_time(cells[*seconds], 1, line.place)});
  }
  if (table.rows.empty()) throw UserError(file, "no rows", "a row for each size is accepted");
  return table;
}

}  // namespace ringsim::calibration
