#include "topologies/calibration/cluster/cluster_file.hpp"

#include "base/error.hpp"
#include "topologies/calibration/link_file.hpp"
#include "topologies/calibration/operation.hpp"
#include "topologies/nccl/model_json.hpp"

#include <fmt/format.h>

namespace ringsim::cluster {
namespace {

constexpr double mega = 1e6, giga = 1e9;

std::string time_text(double seconds) { return fmt::format("{:.6g}us", seconds * mega); }
std::string rate_text(double seconds_per_byte) {
  return fmt::format("{:.6g}GBps", 1 / seconds_per_byte / giga);
}

/// The link with which a ring of so many ranks of a node takes the times of the model.
LinkFit ring_link(const ClusterFit& fit, std::uint32_t ranks) {
  const auto& all_reduce = find_operation("all_reduce", {});
  std::vector<Measurement> rows;
  const std::uint64_t largest = std::max<std::uint64_t>(fit.scope.largest.count, 4096);
  const auto add = [&](std::uint64_t size) {
    const auto time = time_of(fit, {"all_reduce", {ranks, 1}, {}, {size}, {}, true});
    if (time) rows.push_back({{size}, *time, {}, false});
  };
  for (std::uint64_t size = std::max<std::uint64_t>(fit.scope.smallest.count, 1); size <= largest;
       size *= 2) {
    add(size);
    if (const auto half_way = size + size / 2; half_way > size && half_way <= largest)
      add(half_way);
  }
  if (rows.size() < 2) {
    throw UserError({}, fmt::format("the tables say nothing of {} ranks in a node", ranks),
                    "tables of collectives within a node are accepted", "add one");
  }
  return fit_link(ringsim::observations_of(rows, all_reduce, ranks), {});
}

Json::Object member_link(const ClusterFit& fit, std::uint32_t ranks) {
  const auto ring = ring_of(ring_link(fit, ranks), ranks, "", "");
  for (const auto& [key, value] : *ring.get_if<Json::Object>())
    if (key == "link") return *value.get_if<Json::Object>();
  return {};
}

/// Messages within a node pass two links: each has half of the latency.
void halve_latencies(Json::Object& link) {
  for (auto& [key, value] : link) {
    if (key == "latency") {
      const auto text = *value.get_if<std::string>();
      value = time_text(parse_seconds(text, {}).value / 2);
    } else if (key == "sizes") {
      Json::Array pieces;
      for (const auto& piece : *value.get_if<Json::Array>()) {
        auto members = *piece.get_if<Json::Object>();
        halve_latencies(members);
        pieces.emplace_back(std::move(members));
      }
      value = std::move(pieces);
    }
  }
}

Json::Object nodes_of(const ClusterFit& fit, const Arrangement& arrangement) {
  const auto get = [&](Part part) { return fit.parameters[parameter(Protocol::simple, part)]; };
  if (get(Part::between_byte) == 0) {
    throw UserError({}, "the tables say nothing of links between nodes",
                    "tables of collectives over several nodes are accepted", "add one");
  }
  Json::Object inner = {{"bandwidth", rate_text(1 / fit.believed.inside.value)},
                        {"latency", "0us"}};
  if (arrangement.per_node() > 1) {
    inner = member_link(fit, arrangement.per_node());
    halve_latencies(inner);
  }
  return {{"kind", "hierarchical"},
          {"nodes", arrangement.nodes},
          {"gpus_per_node", arrangement.per_node()},
          {"inner", std::move(inner)},
          {"nic", Json::Object{{"bandwidth", rate_text(get(Part::between_byte))},
                               {"latency", time_text(get(Part::between_hop) / 2)}}},
          {"nics", fit.machine.has_rail_per_gpu ? "per-gpu" : "per-node"}};
}

}  // namespace

Json calibration_json(const Scope& scope, const FitError& error,
                      const std::vector<std::string>& warnings) {
  Json::Object object = {
      {"operations", Json::Array(scope.operations.begin(), scope.operations.end())},
      {"ranks", Json::Array(scope.ranks.begin(), scope.ranks.end())},
      {"nodes", Json::Array(scope.nodes.begin(), scope.nodes.end())},
      {"smallest", fmt::format("{}B", scope.smallest.count)},
      {"largest", fmt::format("{}B", scope.largest.count)},
      {"median_error", error.median},
      {"worst_error", error.worst}};
  if (!warnings.empty())
    object.emplace_back("warnings", Json::Array(warnings.begin(), warnings.end()));
  return object;
}

Json model_json(const ClusterFit& fit) {
  return nccl::model_json({fit.believed, fit.machine, fit.parameters});
}

Json topology_of(const ClusterFit& fit, const ClusterFile& file) {
  auto calibration = *calibration_json(fit.scope, file.error, file.warnings).get_if<Json::Object>();
  calibration.emplace_back("model", model_json(fit));
  Json::Object topology = {
      {"name", file.name}, {"description", file.description}, {"library", "nccl"}};
  if (file.arrangement.nodes == 1) {
    topology.emplace_back("kind", "ring");
    topology.emplace_back("hosts", file.arrangement.ranks);
    topology.emplace_back("link", member_link(fit, file.arrangement.ranks));
  } else {
    for (auto& member : nodes_of(fit, file.arrangement)) topology.push_back(std::move(member));
  }
  topology.emplace_back("calibration", std::move(calibration));
  return topology;
}

}  // namespace ringsim::cluster
