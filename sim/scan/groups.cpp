#include "sim/scan/groups.hpp"

#include "base/error.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

namespace {

/// Whether computing takes another time with another value: a topology names its GPU.
bool sets_compute_time(std::string_view name) {
  return name == "gpu" || name == "precision" || name == "gpu-speed" || name == "topology";
}

}  // namespace

std::string RecordingKeys::ranks_of(const std::vector<Assignment>& point) {
  const auto given = std::ranges::find(point, "topology", &Assignment::first);
  const std::string what = given == point.end() ? RunOptions{}.topology.what : given->second;
  auto [hosts, is_new] = hosts_.try_emplace(what);
  if (is_new && !kind_named(what)) {
    try {
      hosts->second = fmt::format("{}", find_topology(what).hosts());
    } catch (const UserError&) {
      hosts->second = what;  // which the points then say themselves
    }
  }
  return hosts->second;
}

std::string RecordingKeys::key(const std::vector<Assignment>& point) {
  std::string key;
  bool has_ranks = false;
  // Where times feed back into training, no point shares anything with another one.
  const bool feeds_back = std::ranges::any_of(point, [](const Assignment& given) {
    return given.first == "quorum" || (given.first == "staleness" && given.second != "0");
  });
  // With a timer, buckets depend on when gradients are ready.
  const bool has_timer =
      std::ranges::find(point, "bucket-timeout", &Assignment::first) != point.end();
  for (const auto& [name, text] : point) {
    has_ranks = has_ranks || name == "ranks";
    // What was measured says in which order buckets are filled.
    const bool fills_buckets = (name == "compute-time" && (has_timer || names_ready_times(text))) ||
                               (has_timer && sets_compute_time(name));
    if (feeds_back || fills_buckets || !is_timing_option(name))
      key += fmt::format("{}={}\n", name, text);
  }
  return has_ranks ? key : key + "hosts=" + ranks_of(point);
}

namespace {

/// The varied options that keys may depend on.
std::vector<std::size_t> felt_columns(const PointSet& points) {
  const bool may_feed_back =
      !points.all_values("quorum").empty() || !points.all_values("staleness").empty();
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < points.varied().size(); ++i) {
    const auto name = points.varied()[i];
    if (may_feed_back || !is_timing_option(name) || sets_compute_time(name) ||
        name == "compute-time" || name == "bucket-timeout")
      columns.push_back(i);
  }
  return columns;
}

}  // namespace

std::vector<PointGroup> group_points(const PointSet& points) {
  std::vector<PointGroup> groups;
  std::unordered_map<std::string, std::size_t> by_key;
  RecordingKeys keys;
  const auto columns = felt_columns(points);
  std::unordered_map<std::u32string, std::size_t> by_choices;
  for (std::uint32_t point = 0; point < points.size(); ++point) {
    const auto all = points.choices(point);
    std::u32string choices;
    for (const std::size_t column : columns) choices.push_back(all[column]);
    const auto [known, is_unknown] = by_choices.try_emplace(choices);
    if (is_unknown) {
      const auto [group, is_new] =
          by_key.try_emplace(keys.key(points.assignments(point)), groups.size());
      if (is_new) groups.emplace_back();
      known->second = group->second;
    }
    groups[known->second].push_back(point);
  }
  return groups;
}

}  // namespace ringsim
