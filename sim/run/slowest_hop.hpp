#pragma once
// What a ring of ranks is as slow as.
#include "sim/collectives/pipelined_all_gather.hpp"
#include "topologies/topology.hpp"

#include <algorithm>

namespace ringsim {

/// The greatest latency and the least bandwidth on the way from each rank to the next one.
inline HopSpeed slowest_hop(const Topology& topology, Rank ranks) {
  auto route = topology.route(0, 1);
  HopSpeed hop{route.latency, route.bandwidth};
  for (Rank rank = 1; rank < ranks; ++rank) {
    route = topology.route(rank, (rank + 1) % ranks);
    hop.latency = std::max(hop.latency, route.latency);
    hop.bandwidth = std::min(hop.bandwidth, route.bandwidth);
  }
  return hop;
}

}  // namespace ringsim
