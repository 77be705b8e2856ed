// CSV of measured times. Columns, in any order, of which "bytes" and a time are needed:
//
//   bytes                             the size
//   seconds | time_us | time_ms       the time
//   seconds_p25                       the lower quartile of the repetitions
//   batch                             calls that were timed together
//   operation, ranks, nodes, gpus_per_node, algorithm    as the notes, for the row alone
//
// Others are passed over. Lines that begin with # are notes: "# operation: all_reduce", "# ranks:
// 4", "# nodes: 2", "# gpus_per_node: 4" and "# algorithm: Ring" say what was measured; others are
// passed over.
#include "base/error.hpp"
#include "base/text.hpp"
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace ringsim::calibration {
namespace {

using Fields = std::map<std::string, std::string_view, std::less<>>;

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    cells.push_back(stripped(line.substr(begin, end - begin)));
    begin = end + 1;
  }
  return cells;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::optional<std::string_view> field(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  if (found == fields.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<std::uint32_t> count(const Fields& fields, std::string_view name,
                                   const Place& place) {
  const auto text = field(fields, name);
  if (!text) return std::nullopt;
  constexpr std::uint64_t most = 1'048'576;
  const auto value = parse_whole_number(*text);
  if (value && *value >= 1 && *value <= most) return static_cast<std::uint32_t>(*value);
  throw UserError(place, fmt::format("found \"{}\" as {}", *text, name),
                  fmt::format("a whole number from 1 to {} is accepted", most));
}

MeasuredSetting setting_of(const Fields& fields, const Place& place) {
  MeasuredSetting setting;
  if (const auto operation = field(fields, "operation")) setting.operation = lower(*operation);
  setting.ranks = count(fields, "ranks", place);
  setting.nodes = count(fields, "nodes", place);
  const auto per_node = count(fields, "gpus_per_node", place);
  if (per_node && setting.nodes && !setting.ranks) setting.ranks = *per_node * *setting.nodes;
  if (per_node && setting.ranks && !setting.nodes && *setting.ranks % *per_node == 0)
    setting.nodes = *setting.ranks / *per_node;
  if (setting.ranks == 1U) setting.ranks.reset();
  if (const auto algorithm = field(fields, "algorithm")) {
    const auto name = lower(*algorithm);
    if (name == "ring" || name == "tree") setting.algorithm = name;
  }
  return setting;
}

struct TimeColumn {
  std::string_view name;
  double unit;
};
constexpr TimeColumn time_columns[] = {{"seconds", 1}, {"time_us", 1e-6}, {"time_ms", 1e-3}};

class CsvReader {
 public:
  void add(const Line& line) {
    if (line.text.front() == '#') return add_note(line.text.substr(1));
    const auto cells = cells_of(line.text);
    if (heading_.empty()) return read_heading(line, cells);
    if (cells.size() != heading_.size()) {
      throw UserError(line.place, fmt::format("found {} cells", cells.size()),
                      fmt::format("the heading's {} are accepted", heading_.size()));
    }
    Fields fields = notes_;
    for (std::size_t i = 0; i < cells.size(); ++i) fields[heading_[i]] = cells[i];
    const auto setting = setting_of(fields, line.place);
    auto table = std::find_if(tables_.begin(), tables_.end(),
                              [&](const auto& each) { return each.setting == setting; });
    if (table == tables_.end())
      table = tables_.insert(tables_.end(), {"CSV", {}, setting, false, line.place});
    table->rows.push_back(row_of(fields, line.place));
  }

  std::vector<MeasuredTable> tables() { return std::move(tables_); }

 private:
  void add_note(std::string_view note) {
    const auto colon = note.find(": ");
    if (colon != note.npos)
      notes_[std::string(stripped(note.substr(0, colon)))] = stripped(note.substr(colon + 1));
  }

  void read_heading(const Line& line, const std::vector<std::string_view>& cells) {
    heading_.assign(cells.begin(), cells.end());
    const auto has = [&](std::string_view name) {
      const auto count = std::count(cells.begin(), cells.end(), name);
      if (count > 1)
        throw UserError(line.place, fmt::format("found the column \"{}\" twice", name),
                        "each column once is accepted");
      return count == 1;
    };
    for (const auto& column : time_columns) {
      if (has(column.name)) time_ = &column;
    }
    if (has("bytes") && time_) return;
    throw UserError(line.place, fmt::format("found \"{}\"", line.text.substr(0, 60)),
                    "a heading with the columns bytes and seconds, a table of nccl-tests, or "
                    "JSON of nccl-tests or iperf3 is accepted",
                    "begin a CSV file with the line bytes,seconds");
  }

  Measurement row_of(const Fields& fields, const Place& place) const {
    Measurement row{read_count(fields.find("bytes")->second, place),
                    read_time(fields.find(time_->name)->second, time_->unit, place),
                    {},
                    false};
    if (const auto quartile = field(fields, "seconds_p25"))
      row.lower_quartile = read_time(*quartile, 1, place);
    row.is_single_call = field(fields, "batch") == "1";
    return row;
  }

  Fields notes_;
  std::vector<std::string> heading_;
  const TimeColumn* time_ = nullptr;
  std::vector<MeasuredTable> tables_;
};

}  // namespace

std::vector<MeasuredTable> read_csv(const std::vector<Line>& lines, const Place& file) {
  CsvReader reader;
  for (const auto& line : lines) reader.add(line);
  auto tables = reader.tables();
  if (tables.empty()) throw UserError(file, "no rows", "a row for each size is accepted");
  return tables;
}

}  // namespace ringsim::calibration
