#include "sim/recurrence/side_by_side.hpp"

#include "sim/recurrence/lane_run.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// Whether two topologies are alike but for the bandwidths and latencies of plain links.
bool are_alike(const Topology& a, const Topology& b) {
  const auto is_plain = [](const Link& link) { return link.extras == nullptr; };
  return &a.kind() == &b.kind() && a.hosts() == b.hosts() && a.links().size() == b.links().size() &&
         std::ranges::all_of(b.links(), is_plain);
}

}  // namespace

std::optional<std::vector<BackendResult>> run_side_by_side(
    std::span<const Topology* const> topologies, const Program& program,
    std::span<const Observer> observers) {
  if (topologies.empty()) return std::vector<BackendResult>();
  const bool can_be_told = std::ranges::all_of(observers, [](const Observer& observer) {
    return observer.wants_critical_path && !observer.on_transfer;
  });
  const bool alike = std::ranges::all_of(topologies, [&](const Topology* topology) {
    return are_alike(*topologies.front(), *topology);
  });
  if (!can_be_told || !alike) return std::nullopt;
  const auto read = LaneProgram::read(*topologies.front(), program);
  if (!read) return std::nullopt;
  std::vector<BackendResult> results;
  results.reserve(topologies.size());
  LaneMemory memory;
  for (std::size_t first = 0; first < topologies.size(); first += lanes) {
    std::vector<Lane> group;
    for (std::size_t i = first; i < std::min(first + lanes, topologies.size()); ++i)
      group.push_back({topologies[i], &observers[i]});
    LaneRun(*read, group, memory).run(results);
  }
  return results;
}

}  // namespace ringsim
