#pragma once
#include "topologies/topology.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ringsim {

/// Where the network cards of a hierarchical topology are. A message to another node passes the
/// links of its GPU and the node's card, or the card of its GPU alone.
enum class NicPlacement { per_node, per_gpu };

struct NodesOfGpus {
  std::uint32_t nodes, gpus_per_node;
  Link inner;  ///< between each GPU and the node's inner switch
  Link nic;
  NicPlacement placement;
  std::optional<Link> backbone;  ///< between the nodes, shared by all messages
};
/// Nodes of GPUs; host r is GPU r mod G of node r / G. Links: "gpuR:up" at index R, "gpuR:down"
/// at N+R; then the cards' "nicI:up" and after them "nicI:down"; then the backbone.
Topology hierarchical_topology(std::string name, const NodesOfGpus& nodes);

}  // namespace ringsim
