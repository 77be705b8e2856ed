#pragma once
// A topology as a SimGrid platform.
#include "sim/program.hpp"
#include "topologies/topology.hpp"

#include <simgrid/s4u.hpp>

#include <utility>
#include <vector>

namespace ringsim {

/// SimGrid shares a link between flows in proportion to 1 / their routes' latencies. All routes
/// have this one, so that shares are equal; the rest of a route's latency is spent before its flow
/// starts (network.cpp).
constexpr Seconds flow_latency{1e-12};

/// A route that messages may take, and the two SimGrid hosts between which its flows run.
struct PlatformRoute {
  Rank source, target;
  Route route;
  simgrid::s4u::Host* from = nullptr;
  simgrid::s4u::Host* to = nullptr;
};

struct Platform {
  std::vector<simgrid::s4u::Host*> hosts;  ///< one per rank, for its actors
  std::vector<PlatformRoute> routes;       ///< one per pair, in the order of the pairs
};

/// Builds a star zone. A full zone's table grows with the square of the hosts and a star's routes
/// go through its middle, so every pair gets a host of its own whose way up is the pair's route,
/// and all flows end at one more host whose way down is empty.
Platform build_platform(const Topology& topology, Rank ranks,
                        const std::vector<std::pair<Rank, Rank>>& pairs);

}  // namespace ringsim
