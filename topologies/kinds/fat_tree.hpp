#pragma once
#include "topologies/topology.hpp"

#include <cstdint>
#include <string>

namespace ringsim {

struct LeavesAndSpines {
  std::uint32_t leaves, hosts_per_leaf, spines;
  Link link;    ///< between each host and its leaf switch
  Link uplink;  ///< between each leaf and each spine
};
/// Two levels of switches; host r is at leaf r / H. Links: "hostR:up" at index R, "hostR:down" at
/// N+R; then "leafL-spineS:up" at 2N + L*spines + S, and after them the ":down". Between leaves a
/// message takes spine `target mod spines` (destination-modulo routing, as SimGrid's fat-trees).
Topology fat_tree_topology(std::string name, const LeavesAndSpines& tree);

}  // namespace ringsim
