#include "base/error.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

namespace ringsim {

Topology Topology::fat_tree(std::string name, const Tree& tree) {
  check(tree.leaves >= 1 && tree.spines >= 1 && tree.leaves * tree.hosts_per_leaf >= 2,
        "a fat-tree needs at least two hosts and a spine");
  Topology topology;
  topology.name_ = std::move(name);
  topology.kind_ = TopologyKind::fat_tree;
  topology.hosts_ = tree.leaves * tree.hosts_per_leaf;
  topology.shape_ = TreeShape{tree.leaves, tree.hosts_per_leaf, tree.spines};
  std::vector<Link> cables(topology.hosts_, tree.link);
  for (Rank rank = 0; rank < topology.hosts_; ++rank)
    cables[rank].name = fmt::format("host{}", rank);
  topology.add_links(cables, ":up");
  topology.add_links(cables, ":down");
  std::vector<Link> uplinks;
  for (std::uint32_t leaf = 0; leaf < tree.leaves; ++leaf) {
    for (std::uint32_t spine = 0; spine < tree.spines; ++spine) {
      uplinks.push_back(tree.uplink);
      uplinks.back().name = fmt::format("leaf{}-spine{}", leaf, spine);
    }
  }
  topology.add_links(uplinks, ":up");
  topology.add_links(uplinks, ":down");
  return topology;
}

std::vector<LinkId> Topology::way(const TreeShape& shape, Rank source, Rank target) const {
  const std::uint32_t from = source / shape.hosts_per_leaf, to = target / shape.hosts_per_leaf;
  if (from == to) return {source, hosts_ + target};
  const std::uint32_t spine = target % shape.spines, uplinks = shape.leaves * shape.spines;
  return {source, 2 * hosts_ + from * shape.spines + spine,
          2 * hosts_ + uplinks + to * shape.spines + spine, hosts_ + target};
}

}  // namespace ringsim
