#include "topologies/calibration/measured_table.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace calibration {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

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

std::vector<Line> lines_of(std::string_view text, const std::string& file) {
  std::vector<Line> lines;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const auto line = stripped(text.substr(begin, end - begin));
    ++number;
    if (!line.empty()) lines.push_back({line, {file, fmt::format("line {}", number)}});
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(blanks, end);
  }
  return words;
}

Bytes read_count(std::string_view text, const Place& place) {
  constexpr std::uint64_t largest = 9'000'000'000'000'000;
  const auto bytes = parse_whole_number(text);
  if (bytes && *bytes <= largest) return {*bytes};
  throw UserError(place, fmt::format("found \"{}\" as a size", text),
                  "a whole number of bytes below 9e15 is accepted");
}

Seconds read_time(std::string_view text, double unit, const Place& place) {
  const auto number = leading_number(text);
  if (number && number->rest.empty() && number->value > 0) return {number->value * unit};
  throw UserError(place, fmt::format("found \"{}\" as a time", text),
                  "a number above zero is accepted");
}

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

}  // namespace calibration

std::variant<MeasuredTable, MeasuredThroughput> read_measured(const std::filesystem::path& path,
                                                              BufferUse use) {
  using namespace calibration;
  const std::string accepted =
      "a table of nccl-tests (text or JSON), JSON of iperf3, or CSV is accepted";
  const Place file{path.string(), {}};
  const std::string text = read_file(path, accepted);
  const auto lines = lines_of(text, file.file);
  if (lines.empty()) throw UserError(file, "is empty", accepted);
  if (lines.front().text.front() == '{') {
    const auto root = parse_json(text, file.file);
    if (root.find("results")) return read_nccl_json(root, use);
    if (root.find("start") || root.find("error")) return read_iperf(root);
    throw UserError(file, "found JSON with neither \"results\" nor \"start\"",
                    "what nccl-tests or iperf3 writes with -J is accepted");
  }
  if (is_nccl_text(lines)) return read_nccl_text(lines, file, use);
  return read_csv(lines, file);
}

}  // namespace ringsim
