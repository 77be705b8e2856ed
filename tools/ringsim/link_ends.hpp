#pragma once
// Between which places the links of a topology lead, as its routes tell it.
#include "topologies/topology.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace ringsim {

/// Places are hosts, by their numbers, and after them what else links meet at.
struct LinkEnds {
  std::uint32_t from, to;
  friend bool operator==(const LinkEnds&, const LinkEnds&) = default;
};

/// Where each link begins and ends: what follows another one on a route begins where that ends.
/// Nothing of more than 64 hosts, where no route passes a link, or where routes pass one in both
/// directions, so that it has no beginning.
std::optional<std::vector<LinkEnds>> link_ends(const Topology& topology);

}  // namespace ringsim
