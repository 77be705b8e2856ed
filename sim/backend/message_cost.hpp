#pragma once
// What a message asks of its route.
#include "sim/collectives/collective.hpp"
#include "topologies/topology.hpp"

#include <algorithm>

namespace ringsim {

/// By the links' models (Topology::cost()), or as its passage says; then it takes a byte of
/// capacity at least, so that every message flows.
inline TransferCost message_cost(const Topology& topology, const Route& route, Bytes bytes,
                                 const Passage* passage) {
  if (passage == nullptr) return topology.cost(route, bytes);
  return {passage->latency, std::max(1.0, static_cast<double>(bytes.count) * passage->stretch)};
}

}  // namespace ringsim
