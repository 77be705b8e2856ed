#include "base/error.hpp"
#include "topologies/topology.hpp"

namespace ringsim {

Topology Topology::star(std::string name, const std::vector<Link>& cables,
                        std::optional<Link> backbone) {
  check(cables.size() >= 2, "a switch needs at least two hosts");
  Topology topology;
  topology.name_ = std::move(name);
  topology.kind_ = TopologyKind::star;
  topology.hosts_ = static_cast<std::uint32_t>(cables.size());
  topology.shape_ = StarShape{backbone.has_value()};
  topology.add_links(cables, ":up");
  topology.add_links(cables, ":down");
  if (backbone) topology.links_.push_back(*std::move(backbone));
  return topology;
}

std::vector<LinkId> Topology::way(const StarShape& shape, Rank source, Rank target) const {
  if (shape.has_backbone) return {source, 2 * hosts_, hosts_ + target};
  return {source, hosts_ + target};
}

}  // namespace ringsim
