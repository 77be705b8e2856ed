#include "base/error.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

std::vector<Link> numbered(const Link& cable, std::string_view name, std::uint32_t count) {
  std::vector<Link> cables(count, cable);
  for (std::uint32_t i = 0; i < count; ++i) cables[i].name = fmt::format("{}{}", name, i);
  return cables;
}

}  // namespace

Topology Topology::hierarchical(std::string name, const Nodes& nodes) {
  check(nodes.nodes >= 1 && nodes.gpus_per_node >= 1 && nodes.nodes * nodes.gpus_per_node >= 2,
        "a hierarchical topology needs at least two hosts");
  Topology topology;
  topology.name_ = std::move(name);
  topology.kind_ = TopologyKind::hierarchical;
  topology.hosts_ = nodes.nodes * nodes.gpus_per_node;
  const std::uint32_t cards =
      nodes.placement == NicPlacement::per_node ? nodes.nodes : topology.hosts_;
  topology.shape_ =
      NodesShape{nodes.gpus_per_node, cards, nodes.placement, nodes.backbone.has_value()};
  const auto gpus = numbered(nodes.inner, "gpu", topology.hosts_);
  topology.add_links(gpus, ":up");
  topology.add_links(gpus, ":down");
  const auto nics = numbered(nodes.nic, "nic", cards);
  topology.add_links(nics, ":up");
  topology.add_links(nics, ":down");
  if (nodes.backbone) topology.links_.push_back(*nodes.backbone);
  return topology;
}

std::vector<LinkId> Topology::way(const NodesShape& shape, Rank source, Rank target) const {
  const LinkId up = source, down = hosts_ + target;
  const Rank source_node = source / shape.gpus_per_node, target_node = target / shape.gpus_per_node;
  if (source_node == target_node) return {up, down};
  const bool by_node = shape.placement == NicPlacement::per_node;
  const LinkId cards_up = 2 * hosts_, cards_down = cards_up + shape.cards;
  std::vector<LinkId> links;
  if (by_node) links.push_back(up);
  links.push_back(cards_up + (by_node ? source_node : source));
  if (shape.has_backbone) links.push_back(cards_down + shape.cards);
  links.push_back(cards_down + (by_node ? target_node : target));
  if (by_node) links.push_back(down);
  return links;
}

}  // namespace ringsim
