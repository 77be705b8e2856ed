// Links of unlimited bandwidth: what a run takes that latency and computing alone hold up. The
// difference to the other backends is what more bandwidth could save at best.
#include "sim/backend/backend.hpp"

#include <limits>

namespace ringsim {
namespace {

Topology with_unlimited_bandwidth(Topology topology) {
  // So large that a message adds nothing to a time, and small enough for sums of a million of them.
  constexpr BytesPerSecond unlimited{1e60};
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    const auto& link = topology.links()[id];
    topology.set_link(id, {.name = link.name, .bandwidth = unlimited, .latency = link.latency});
  }
  return topology;
}

std::optional<BackendRefusal> why_not(const Topology& topology, Rank ranks) {
  return find_backend("recurrence").why_not(topology, ranks);
}

BackendResult run(const Topology& topology, const Program& program, const Observer& observer) {
  return find_backend("recurrence").run(with_unlimited_bandwidth(topology), program, observer);
}

}  // namespace

extern const BackendDefinition unlimited_backend;
const BackendDefinition unlimited_backend = {
    .name = "unlimited",
    .description = "links of unlimited bandwidth: latency and computing alone take time",
    .unavailable = [] { return std::optional<BackendRefusal>(); },
    .why_not = why_not,
    .run = run};

}  // namespace ringsim
