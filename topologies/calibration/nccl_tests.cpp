// What nccl-tests prints, and what it writes with -J (src/util.cu there).
#include "base/text.hpp"
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

namespace ringsim::calibration {
namespace {

constexpr double microsecond = 1e-6;
constexpr std::uint64_t most_ranks = 1'048'576;
constexpr std::string_view run_again =
    "its times cannot be trusted; find out why, and measure again";

/// Where the columns of the table stand, from its heading.
struct Columns {
  std::size_t count = 0, time = 0, wrong = 0;
};

bool is_heading(const std::vector<std::string_view>& words) {
  const auto has = [&](std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return words.size() > 2 && words[0] == "#" && words[1] == "size" && has("algbw");
}

Columns read_heading(const Line& line, BufferUse use) {
  auto words = words_of(line.text);
  words.erase(words.begin());
  if (std::find(words.begin(), words.end(), "cputime") != words.end()) {
    throw UserError(line.place, "found the column \"cputime\"", "the column \"time\" is accepted",
                    "run nccl-tests without -C");
  }
  Columns columns;
  columns.count = words.size() + (words.back() == "timestamp" ? 1 : 0);  // a date and a time
  auto time = std::find(words.begin(), words.end(), "time");
  if (use == BufferUse::in_place && time != words.end())
    time = std::find(time + 1, words.end(), "time");
  const auto wrong = std::find_if(time, words.end(),
                                  [](auto word) { return word == "#wrong" || word == "error"; });
  if (time == words.end() || wrong == words.end()) {
    throw UserError(
        line.place, "found a heading without times",
        use == BufferUse::in_place
            ? "twice the columns \"time\" and \"#wrong\" (out of place and in place) are accepted"
            : "the columns \"time\" and \"#wrong\" are accepted");
  }
  columns.time = static_cast<std::size_t>(time - words.begin());
  columns.wrong = static_cast<std::size_t>(wrong - words.begin());
  return columns;
}

bool is_log(std::string_view line) {
  return line.find(" NCCL ") != std::string_view::npos || line.rfind("NCCL version", 0) == 0;
}

Measurement read_row(const Line& line, const Columns& columns) {
  const auto words = words_of(line.text);
  if (words.size() != columns.count) {
    throw UserError(line.place, fmt::format("found {} columns", words.size()),
                    fmt::format("the heading's {} are accepted", columns.count),
                    "remove lines that are no part of the table");
  }
  const auto wrong = leading_number(words[columns.wrong]);
  if (words[columns.wrong] != "N/A" && !(wrong && wrong->value == 0)) {
    throw UserError(line.place, fmt::format("found {} wrong values", words[columns.wrong]),
                    "a row whose results were right is accepted", run_again);
  }
  return {read_count(words[0], line.place),
          read_time(words[columns.time], microsecond, line.place)};
}

/// The ranks that one communicator has, from the lines "# Rank 3 Group 0 ...".
class RankLines {
 public:
  void add(const std::vector<std::string_view>& words) {
    if (words.size() < 4 || words[0] != "#" || words[1] != "Rank") return;
    const std::string_view group = words[3] == "Group" && words.size() > 4 ? words[4] : "";
    groups_.insert(group);
    ranks_.emplace(words[2]);
  }
  std::optional<std::uint32_t> ranks() const {
    if (ranks_.size() < 2) return std::nullopt;
    return static_cast<std::uint32_t>(ranks_.size() / groups_.size());
  }

 private:
  std::set<std::string_view> groups_, ranks_;
};

std::uint64_t read_whole(const JsonValue& object, std::string_view key, std::uint64_t least) {
  const auto value = object.find(key);
  if (!value) {
    throw UserError(object.place(), fmt::format("the key \"{}\" is missing", key),
                    "what nccl-tests writes with -J is accepted");
  }
  return value->integer(least, most_ranks);
}

/// nccl-tests lists the first GPU of each process alone (later versions may list all of them), so
/// the highest rank, rounded up to whole processes, tells how many there are.
std::optional<std::uint32_t> ranks_of(const JsonValue& root) {
  const auto config = root.find("config");
  const auto devices = config ? config->find("devices") : std::nullopt;
  if (!devices) return std::nullopt;
  const auto of_process = read_whole(*config, "nthreads", 1) * read_whole(*config, "ngpus", 1);
  std::uint64_t highest = 0;
  std::set<std::uint64_t> groups;
  for (const auto& device : devices->array("a list of devices is accepted")) {
    highest = std::max(highest, read_whole(device, "rank", 0));
    groups.insert(read_whole(device, "group", 0));
  }
  if (groups.empty()) return std::nullopt;
  const auto ranks = (highest / of_process + 1) * of_process / groups.size();
  if (ranks < 2 || ranks > most_ranks) return std::nullopt;
  return static_cast<std::uint32_t>(ranks);
}

Measurement read_result(const JsonValue& result, BufferUse use) {
  const std::string_view which = use == BufferUse::in_place ? "in_place" : "out_of_place";
  const auto size = result.find("size"), times = result.find(which);
  if (!size) throw UserError(result.place(), "the key \"size\" is missing");
  if (!times || !times->is_object()) {
    throw UserError(result.place(), fmt::format("found no times under \"{}\"", which),
                    "an object with \"time\" is accepted",
                    use == BufferUse::in_place ? "leave out --in-place" : "try --in-place");
  }
  const auto time = times->find("time"), wrong = times->find("nwrong");
  if (!time) {
    throw UserError(times->place(), "the key \"time\" is missing",
                    "the time of the transfer is accepted", "run nccl-tests without -C");
  }
  if (wrong && !wrong->is_null() && wrong->number(0, std::numeric_limits<double>::max()) > 0) {
    wrong->wrong("a row whose results were right is accepted", run_again);
  }
  constexpr double least = 1e-6, most = 1e12;
  return {{size->integer(0, 9'000'000'000'000'000)}, {time->number(least, most) * microsecond}};
}

}  // namespace

std::string operation_of_program(std::string_view program) {
  program = program.substr(program.rfind('/') + 1);
  return std::string(program.substr(0, program.find("_perf")));
}

bool is_nccl_text(const std::vector<Line>& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [](const Line& line) { return is_heading(words_of(line.text)); });
}

MeasuredTable read_nccl_text(const std::vector<Line>& lines, const Place& file, BufferUse use) {
  MeasuredTable table{"nccl-tests text", {}, {}, {}};
  constexpr std::string_view starting = "# Collective test starting: ";
  RankLines ranks;
  std::optional<Columns> columns;
  for (const auto& line : lines) {
    if (line.text.front() == '#') {
      const auto words = words_of(line.text);
      if (line.text.rfind(starting, 0) == 0)
        table.operation = operation_of_program(line.text.substr(starting.size()));
      if (is_heading(words)) {
        if (columns) {
          throw UserError(line.place, "found a second table", "one table is accepted",
                          "put each into a file of its own");
        }
        columns = read_heading(line, use);
      }
      ranks.add(words);
    } else if (columns && !is_log(line.text)) {
      table.rows.push_back(read_row(line, *columns));
    }
  }
  if (table.rows.empty()) throw UserError(file, "no rows", "a row for each size is accepted");
  table.ranks = ranks.ranks();
  return table;
}

MeasuredTable read_nccl_json(const JsonValue& root, BufferUse use) {
  MeasuredTable table{"nccl-tests JSON", {}, {}, {}};
  const auto results = *root.find("results");
  for (const auto& result : results.array("a list of rows is accepted"))
    table.rows.push_back(read_result(result, use));
  if (table.rows.empty()) results.wrong("a row for each size is accepted");
  if (const auto arguments = root.find("args")) {
    const auto words = arguments->array("the command's words are accepted");
    if (!words.empty()) table.operation = operation_of_program(words.front().string());
  }
  table.ranks = ranks_of(root);
  return table;
}

}  // namespace ringsim::calibration
