#pragma once
// The ring exchange as one writes it directly against SimGrid's S4U interface: what the simgrid
// backend is measured against.
#include "base/units.hpp"
#include "topologies/topology.hpp"

#include <vector>

namespace ringsim::bench {

/// Every rank sleeps for its `start`, then in each of `rounds` rounds sends `bytes` to the next
/// rank and receives from the one before. Returns the simulated time at the end. Runs once per
/// process.
Seconds run_plain_s4u(const Topology& ring, const std::vector<Seconds>& start, std::uint32_t rounds,
                      Bytes bytes);

}  // namespace ringsim::bench
