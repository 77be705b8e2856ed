// What nccl-tests writes with -J (src/util.cu there).
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

namespace ringsim::calibration {
namespace {

constexpr double microsecond = 1e-6;
constexpr std::uint64_t most_ranks = 1'048'576;
constexpr std::string_view run_again =
    "its times cannot be trusted; find out why, and measure again";

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

/// The hosts of the only communicator.
std::optional<std::uint32_t> nodes_of(const JsonValue& root) {
  std::set<std::string> hosts;
  for (const auto& device : root.find("config")->find("devices")->array()) {
    const auto host = device.find("hostname");
    if (!host || !host->is_string() || read_whole(device, "group", 0) > 0) return std::nullopt;
    hosts.insert(host->string());
  }
  return static_cast<std::uint32_t>(hosts.size());
}

constexpr std::string_view out_of_place = "out_of_place", in_place = "in_place";

bool has_times(const JsonValue& result, std::string_view which) {
  const auto times = result.find(which);
  return times && times->is_object();
}

Measurement read_result(const JsonValue& result, std::string_view which) {
  const auto size = result.find("size"), times = result.find(which);
  if (!size) throw UserError(result.place(), "the key \"size\" is missing");
  if (!has_times(result, which)) {
    throw UserError(result.place(), fmt::format("found no times under \"{}\"", which),
                    "an object with \"time\" is accepted",
                    which == in_place ? "leave out `in-place`" : "");
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
  return {{size->integer(0, 9'000'000'000'000'000)},
          {time->number(least, most) * microsecond},
          {},
          false};
}

}  // namespace

MeasuredTable read_nccl_json(const JsonValue& root, BufferUse use) {
  MeasuredTable table{"nccl-tests JSON", {}, {}, false, root.place()};
  const auto results = *root.find("results");
  const auto rows = results.array("a list of rows is accepted");
  const auto has = [](std::string_view which) {
    return [which](const JsonValue& result) { return has_times(result, which); };
  };
  table.in_place =
      use == BufferUse::in_place || (!std::any_of(rows.begin(), rows.end(), has(out_of_place)) &&
                                     std::any_of(rows.begin(), rows.end(), has(in_place)));
  for (const auto& row : rows) {
    const auto measured = read_result(row, table.in_place ? in_place : out_of_place);
    if (measured.size.count > 0) table.rows.push_back(measured);  // 0 bytes are no message
  }
  if (table.rows.empty()) results.wrong("a row for each size is accepted");
  if (const auto arguments = root.find("args")) {
    const auto words = arguments->array("the command's words are accepted");
    if (!words.empty()) table.setting.operation = operation_of_program(words.front().string());
  }
  table.setting.ranks = ranks_of(root);
  if (table.setting.ranks) table.setting.nodes = nodes_of(root);
  return table;
}

}  // namespace ringsim::calibration
