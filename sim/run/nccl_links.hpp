#pragma once
// What NCCL is taken to know of a topology.
#include "sim/collectives/collective.hpp"
#include "topologies/topology.hpp"

#include <memory>

namespace ringsim {

/// How many of `ranks` hosts share a node, as NCCL sees it. Where the topology's kind knows no
/// nodes, all are in one where its file was fitted to one node, or where its links have 100 GB/s
/// and more, which no network has; else each is a node.
Rank nccl_ranks_per_node(const Topology& topology, Rank ranks);

/// The model of the topology's file ("calibration"), what it lacks from NCCL's own constants, or
/// all of it from them, with the bandwidths of the links (the fastest inside a node and between
/// them; what is slower is so in the topology) and the mean latency between nodes.
std::shared_ptr<const NcclLinks> nccl_links(const Topology& topology, Rank ranks);

}  // namespace ringsim
