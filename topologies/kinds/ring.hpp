#pragma once
#include "topologies/topology.hpp"

#include <string>
#include <vector>

namespace ringsim {

/// A ring of `forward.size()` hosts (at least 2): forward[i] leads from host i to host i+1 mod N.
/// Links are full duplex: the other direction of link i is a link of the same speed named
/// "NAME:reverse", at index N+i. A message goes the shorter way round, ties clockwise (upwards).
Topology ring_topology(std::string name, const std::vector<Link>& forward);

}  // namespace ringsim
