// Turns tables into the observations that a model is fitted to.
#include "base/error.hpp"
#include "topologies/calibration/cluster/cluster_fit.hpp"
#include "topologies/calibration/operation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ringsim::cluster {

std::vector<ClusterObservation> observations_of(std::span<const MeasuredTable> tables) {
  constexpr Seconds launch_shows{300e-6};
  struct Times {
    std::vector<double> times;
    bool is_nccl_tests = false;
  };
  std::map<std::pair<MeasuredSetting, std::uint64_t>, Times> all;
  for (const auto& table : tables) {
    const auto& setting = table.setting;
    if (!setting.operation || find_operation(*setting.operation, table.place).name == "message") {
      throw UserError(table.place, "the table does not say of which operation it is",
                      "tables of collectives are accepted",
                      "write a line such as \"# operation: all_reduce\" above it");
    }
    if (!setting.ranks) {
      throw UserError(table.place, "the table does not say how many ranks took part",
                      "tables that say so are accepted",
                      "write a line such as \"# ranks: 8\" above it");
    }
    if (*setting.ranks % setting.nodes.value_or(1) != 0) {
      throw UserError(table.place,
                      fmt::format("found {} ranks on {} nodes", *setting.ranks, *setting.nodes),
                      "nodes with equally many ranks are accepted");
    }
    for (const auto& row : table.rows) {
      const auto time = row.lower_quartile.value_or(row.time);
      if (row.size.count == 0 || (row.is_single_call && time < launch_shows)) continue;
      auto& times = all[{setting, row.size.count}];
      times.times.push_back(time.value);
      times.is_nccl_tests = table.format != "CSV";
    }
  }
  std::vector<ClusterObservation> observations;
  for (auto& [key, times] : all) {
    const auto& [setting, size] = key;
    const auto quarter =
        times.times.begin() + static_cast<std::ptrdiff_t>((times.times.size() - 1) / 4);
    std::nth_element(times.times.begin(), quarter, times.times.end());
    std::optional<Algorithm> forced;
    if (setting.algorithm)
      forced = *setting.algorithm == "tree" ? Algorithm::tree : Algorithm::ring;
    observations.push_back({*setting.operation,
                            {*setting.ranks, setting.nodes.value_or(1)},
                            forced,
                            {size},
                            {*quarter},
                            times.is_nccl_tests});
  }
  return observations;
}

Scope scope_of(std::span<const ClusterObservation> observations) {
  std::set<std::string> operations;
  std::set<std::uint32_t> ranks, nodes;
  Scope scope{{}, {}, {}, observations.front().size, observations.front().size};
  for (const auto& each : observations) {
    operations.insert(each.operation);
    ranks.insert(each.arrangement.ranks);
    nodes.insert(each.arrangement.nodes);
    scope.smallest = std::min(scope.smallest, each.size);
    scope.largest = std::max(scope.largest, each.size);
  }
  scope.operations.assign(operations.begin(), operations.end());
  scope.ranks.assign(ranks.begin(), ranks.end());
  scope.nodes.assign(nodes.begin(), nodes.end());
  return scope;
}

}  // namespace ringsim::cluster
