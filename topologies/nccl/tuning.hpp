#pragma once
// NCCL's constants (version 2.28, src/graph/tuning.cc: baseLat, hwLat, llMaxBws,
// treeCorrectionFactor): what it believes of machines before it has sent anything.
#include "topologies/nccl/types.hpp"

#include <array>

namespace ringsim::nccl {

constexpr double giga = 1e9, microsecond = 1e-6;

using OfProtocols = std::array<double, protocols>;  ///< LL, LL128, Simple

/// GB/s that sockets reach at most.
constexpr double sockets_most = 9;

/// us: what every call takes.
constexpr OfProtocols ring_base = {6.6, 14, 8.4}, tree_base = {6.8, 14, 8.4};

/// us a hop.
struct HopLatencies {
  OfProtocols ring, tree;
};
constexpr HopLatencies nvlink_hops = {{.6, 1.9, 3.4}, {.6, 1.25, 4}},
                       pci_hops = {{1, 2.5, 5.7}, {1, 1.9, 4}},
                       network_hops = {{2.7, 4, 14}, {5, 8.5, 14}};

/// LL's bus bandwidth is at most so much (GB/s): on one node by the GPU, then by the number of
/// nodes, 2 or more.
constexpr double ll_hopper = 141, ll_ampere = 87.7, ll_volta = 39;
constexpr double ll_two_nodes = 22.5, ll_more_nodes = 19;

/// What protocols have of a ring's bandwidth, a tree of a ring's, and protocols of a tree's.
constexpr double ll_share = .5, ll128_share = .92, tree_share = .92, ll_of_tree = 3.8;
constexpr double ll128_of_tree(const Arrangement& arrangement) {
  return arrangement.nodes == 1 ? 7. / 9 : 120. / 128;
}
/// NVLink SHARP: us of a call, and the GPUs from which on it is taken.
constexpr double nvls_latency = 25;
constexpr std::uint32_t fewest_nvls_ranks = 5;

/// us that a hop of a ring over nodes takes at least.
constexpr double network_overhead(Protocol protocol) {
  return protocol == Protocol::simple ? 3 : 1;
}

/// A tree's bandwidth by the size of the call, from 64 bytes on in powers of two.
constexpr std::size_t corrections = 23;
constexpr std::array<std::array<double, corrections>, protocols> tree_correction = {{
    {1, 1, 1, 1, .9, .8, .7, .7, .7, .7, .6, .5, .4, .4, .5, .6, .7, .8, .9, 1, 1, 1, 1},
    {1, 1, 1, 1, 1, .9, .8, .8, .8, .7, .6, .6, .6, .6, .6, .6, .8, .9, .9, .9, .9, 1, 1},
    {.9, .9, .9, .9, .9, .9, .9, .8, .7, .6, .6, .5, .5, .5, .5, .6, .7, .8, .7, .7, .8, .9, .9},
}};

inline const HopLatencies& hops_of(Fabric fabric) {
  if (fabric == Fabric::nvlink) return nvlink_hops;
  return fabric == Fabric::pci ? pci_hops : network_hops;
}

/// GB/s; what LL reaches at most on such a machine.
inline double ll_most(const Arrangement& arrangement, const Believed& believed) {
  if (arrangement.nodes > 1) return arrangement.nodes == 2 ? ll_two_nodes : ll_more_nodes;
  if (believed.fabric != Fabric::nvlink) return ll_volta;
  return believed.inside.value > 300 * giga ? ll_hopper : ll_ampere;
}

}  // namespace ringsim::nccl
