// What nccl-tests prints (src/util.cu and common.cu there), as it stands in logs: launchers put
// something before every line, other programs print lines of their own between, and Markdown eats
// the "#".
#include "base/text.hpp"
#include "topologies/calibration/grouped_numbers.hpp"
#include "topologies/calibration/operation.hpp"
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace ringsim::calibration {
namespace {

using Words = std::vector<std::string_view>;

constexpr double microsecond = 1e-6, millisecond = 1e-3;
constexpr std::string_view run_again =
    "its times cannot be trusted; find out why, and measure again";

/// A line without the colours of a terminal and the bars of a Markdown table.
std::string plain_text(std::string_view line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      while (i < line.size() && std::isalpha(static_cast<unsigned char>(line[i])) == 0) ++i;
    } else {
      plain += line[i] == '|' || line[i] == '"' ? ' ' : line[i];
    }
  }
  return plain;
}

bool is_whole_number(std::string_view word) { return parse_whole_number(word).has_value(); }
bool is_name(std::string_view word) {
  return !word.empty() && std::isalpha(static_cast<unsigned char>(word.front())) != 0;
}
std::size_t find_word(const Words& words, std::string_view word, std::size_t from = 0) {
  const auto begin = words.begin() + static_cast<std::ptrdiff_t>(std::min(from, words.size()));
  return static_cast<std::size_t>(std::find(begin, words.end(), word) - words.begin());
}
bool has(const Words& words, std::string_view word) {
  return find_word(words, word) < words.size();
}

/// The word without what a launcher glued to it, as in "[1,0]<stdout>:4096" and "#size".
std::string_view unglued(std::string_view word) {
  const auto end = word.find_last_of(">:]#");
  return end == std::string_view::npos ? word : word.substr(end + 1);
}

bool is_count(std::string_view word) { return is_whole_number(whole_of(word)); }

/// A group of columns, out of place or in place.
struct Times {
  std::size_t time = 0;   ///< counted from the first column behind "root"
  std::size_t wrong = 0;  ///< the same; 0: no column counts wrong values
};

/// The columns of a table, from its heading.
struct Columns {
  bool has_operator = false, has_root = false;  ///< "redop" and "root"
  std::size_t behind = 0;                       ///< columns behind these
  double unit = microsecond;
  std::vector<Times> groups;
};

/// nccl-tests has "size count", the tests of NCCL 1 had "bytes N".
std::size_t find_heading(const Words& words) {
  if (!has(words, "algbw") || words.size() < 3) return words.size();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const auto first = unglued(words[i]);
    if (first == "size" && (words[i + 1] == "count" || words[i + 1] == "algbw")) return i;
    if (first == "bytes" && words[i + 1] == "N") return i;
  }
  return words.size();
}

Columns read_heading(const Words& words, std::size_t begin, BufferUse use, const Place& place) {
  if (has(words, "cputime")) {
    throw UserError(place, "found the column \"cputime\"", "the column \"time\" is accepted",
                    "run nccl-tests without -C");
  }
  Columns columns;
  std::size_t at = begin + 3;  // behind size, count and type
  columns.has_operator = at < words.size() && (words[at] == "redop" || words[at] == "op");
  if (columns.has_operator) ++at;
  columns.has_root = at < words.size() && words[at] == "root";
  if (columns.has_root) ++at;
  for (std::size_t i = at; i < words.size(); ++i) {
    if (words[i] == "time") columns.groups.push_back({.time = i - at});
    // "error" and "res", before version 2.13, are the largest rounding error.
    const bool counts = words[i] == "#wrong" || words[i] == "wrong";
    if (counts && !columns.groups.empty()) columns.groups.back().wrong = i - at;
  }
  // The tests of NCCL 1 print milliseconds.
  if (unglued(words[begin]) == "bytes") columns.unit = millisecond;
  columns.behind = words.size() - std::min(at, words.size());
  if (words.back() == "timestamp") ++columns.behind;  // a date and a time
  if (columns.groups.size() < (use == BufferUse::in_place ? 2U : 1U)) {
    throw UserError(
        place, "found a heading without times",
        use == BufferUse::in_place
            ? "twice the columns \"time\" and \"#wrong\" (out of place and in place) are accepted"
            : "the columns \"time\" and \"#wrong\" are accepted");
  }
  return columns;
}

/// Where a row begins: with a size, a count and a type, behind whatever a launcher put there.
std::size_t find_row(const Words& words) {
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    const bool begins = is_count(words[i]) || (i == 0 && is_count(unglued(words[i])));
    if (begins && is_count(words[i + 1]) && is_name(words[i + 2])) return i;
  }
  return words.size();
}

/// What a row has behind the column "root". Some versions leave "redop" empty where the operation
/// has none.
Words values_of(const Words& words, std::size_t begin, const Columns& columns, const Place& place) {
  const std::size_t at = begin + 3, left = words.size() - at;
  const bool lacks_operator = columns.has_operator && (left == 0 || !is_name(words[at]));
  const std::size_t before = (columns.has_operator ? 1U : 0U) + (columns.has_root ? 1U : 0U);
  if (left != columns.behind + before - (lacks_operator ? 1U : 0U)) {
    throw UserError(place, fmt::format("found {} columns", words.size() - begin),
                    fmt::format("the heading's {} are accepted", columns.behind + before + 3),
                    "remove lines that are no part of the table");
  }
  return {words.end() - static_cast<std::ptrdiff_t>(columns.behind), words.end()};
}

/// The times of a row; absent where nothing was measured.
struct Row {
  Bytes size;
  std::optional<Seconds> out_of_place, in_place;
};

std::optional<Seconds> time_of(const Words& values, const Times& group, double unit,
                               const Place& place) {
  if (values[group.time] == "N/A") return std::nullopt;
  if (group.wrong > 0 && values[group.wrong] != "N/A") {
    const auto wrong = leading_number(values[group.wrong]);
    if (!wrong || wrong->value != 0) {
      throw UserError(place, fmt::format("found {} wrong values", values[group.wrong]),
                      "a row whose results were right is accepted", run_again);
    }
  }
  return read_time(decimal_of(values[group.time]), unit, place);
}

/// Reads the lines of a log one after the other, and collects its tables.
class Log {
 public:
  explicit Log(BufferUse use) : use_(use) {}

  void add(const Line& line) {
    const std::string text = plain_text(line.text);
    const auto words = words_of(text);
    if (text.find("Out of bounds values") != text.npos && text.find("FAILED") != text.npos) {
      throw UserError(line.place, "found values that were out of bounds",
                      "a table whose results were right is accepted", run_again);
    }
    add_operation(words);
    add_rank(words);
    if (const auto heading = find_heading(words); heading < words.size()) {
      finish();
      columns_ = read_heading(words, heading, use_, line.place);
      place_ = line.place;
      return;
    }
    if (!columns_ || is_log(text)) return;
    const auto begin = find_row(words);
    if (begin == words.size()) return check_no_row(words, line.place);
    const auto values = values_of(words, begin, *columns_, line.place);
    const auto size = read_count(whole_of(unglued(words[begin])), line.place);
    if (size.count == 0) return;  // no message
    const auto& groups = columns_->groups;
    Row row{size, time_of(values, groups[0], columns_->unit, line.place), {}};
    if (groups.size() > 1) row.in_place = time_of(values, groups[1], columns_->unit, line.place);
    rows_.push_back(row);
  }

  std::vector<MeasuredTable> tables() {
    finish();
    return std::move(tables_);
  }

 private:
  /// Throws UserError where a line has the columns and the type of a row, and no numbers.
  void check_no_row(const Words& words, const Place& place) const {
    constexpr std::array<std::string_view, 9> types = {
        "int8", "uint8", "int32", "uint32", "int64", "uint64", "half", "float", "double"};
    const auto most =
        columns_->behind + (columns_->has_operator ? 1U : 0U) + (columns_->has_root ? 1U : 0U) + 3;
    if (words.size() + 1 < most || words.size() > most) return;
    if (std::ranges::find(types, words[2]) == types.end()) return;
    throw UserError(place,
                    fmt::format("found the size \"{}\" and the count \"{}\"", words[0], words[1]),
                    "whole numbers are accepted, such as 1048576 or 1,048,576");
  }

  static bool is_log(std::string_view line) { return line.find(" NCCL ") != line.npos; }

  /// The operation stands in "Collective test starting: all_reduce_perf", or in the command.
  void add_operation(const Words& words) {
    for (const auto word : words) {
      if (word.find("_perf") == word.npos) continue;
      const auto name = operation_of_program(word);
      const auto all = operations();
      if (std::none_of(all.begin(), all.end(), [&](const auto& each) { return each.name == name; }))
        continue;
      begin_table();
      setting_.operation = name;
    }
  }

  /// "# Rank 3 Group 0 Pid 4003 on host device 0 ...": the ranks of one communicator.
  void add_rank(const Words& words) {
    const auto found = std::find_if(words.begin(), words.end(),
                                    [](std::string_view word) { return unglued(word) == "Rank"; });
    const auto at = static_cast<std::size_t>(found - words.begin());
    if (at + 2 >= words.size() || !is_whole_number(words[at + 1])) return;
    if (words[at + 2] != "Group" && words[at + 2] != "Pid" && words[at + 2] != "uses") return;
    begin_table();
    groups_.emplace(words[at + 2] == "Group" && at + 3 < words.size() ? words[at + 3] : "");
    ranks_.emplace(words[at + 1]);
    const auto on = find_word(words, "on", at);
    if (on + 1 < words.size()) hosts_.emplace(words[on + 1]);
  }

  /// What is said before a table begins belongs to it alone.
  void begin_table() {
    if (rows_.empty()) return;
    finish();
    setting_ = {};
    groups_.clear();
    ranks_.clear();
    hosts_.clear();
  }

  void finish() {
    if (!rows_.empty()) tables_.push_back(table());
    rows_.clear();
    columns_.reset();
  }

  MeasuredTable table() const {
    MeasuredTable table{"nccl-tests text", {}, setting_, false, place_};
    // Lines that were lost leave more groups than they have ranks.
    if (ranks_.size() >= 2 * groups_.size() && !ranks_.empty()) {
      table.setting.ranks = static_cast<std::uint32_t>(ranks_.size() / groups_.size());
      if (!hosts_.empty() && groups_.size() == 1)
        table.setting.nodes = static_cast<std::uint32_t>(hosts_.size());
    }
    const bool has_any_out = std::any_of(
        rows_.begin(), rows_.end(), [](const Row& row) { return row.out_of_place.has_value(); });
    table.in_place = use_ == BufferUse::in_place || !has_any_out;
    for (const auto& row : rows_) {
      const auto& time = table.in_place ? row.in_place : row.out_of_place;
      if (time) table.rows.push_back({row.size, *time, {}, false});
    }
    if (table.rows.empty()) {
      throw UserError(place_, "found no times in place",
                      "the column \"time\" a second time is accepted", "leave out `in-place`");
    }
    return table;
  }

  BufferUse use_;
  MeasuredSetting setting_;
  std::set<std::string> groups_, ranks_, hosts_;
  std::optional<Columns> columns_;
  Place place_;
  std::vector<Row> rows_;
  std::vector<MeasuredTable> tables_;
};

}  // namespace

std::string operation_of_program(std::string_view program) {
  program = program.substr(program.rfind('/') + 1);
  return std::string(program.substr(0, program.find("_perf")));
}

bool is_nccl_text(const std::vector<Line>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const Line& line) {
    const std::string text = plain_text(line.text);
    const auto words = words_of(text);
    return find_heading(words) < words.size();
  });
}

std::vector<MeasuredTable> read_nccl_text(const std::vector<Line>& lines, const Place& file,
                                          BufferUse use) {
  Log log(use);
  for (const auto& line : lines) log.add(line);
  auto tables = log.tables();
  if (tables.empty()) throw UserError(file, "no rows", "a row for each size is accepted");
  return tables;
}

}  // namespace ringsim::calibration
