#pragma once
#include "topologies/topology.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// Hosts round a switch: cables[i] joins host i to it, by a link "NAME:up" at index i and a link
/// "NAME:down" at N+i. The backbone, at 2N, carries every message.
Topology switch_topology(std::string name, const std::vector<Link>& cables,
                         std::optional<Link> backbone = {});

}  // namespace ringsim
