#include "base/error.hpp"
#include "topologies/topology.hpp"

namespace ringsim {

Topology Topology::ring(std::string name, const std::vector<Link>& forward) {
  check(forward.size() >= 2, "a ring needs at least two hosts");
  Topology topology;
  topology.name_ = std::move(name);
  topology.kind_ = TopologyKind::ring;
  topology.hosts_ = static_cast<std::uint32_t>(forward.size());
  topology.shape_ = RingShape{};
  topology.add_links(forward, "");
  topology.add_links(forward, ":reverse");
  return topology;
}

std::vector<LinkId> Topology::way(const RingShape&, Rank source, Rank target) const {
  const std::uint32_t clockwise = (target + hosts_ - source) % hosts_;
  const bool forward = clockwise <= hosts_ - clockwise;
  std::vector<LinkId> links;
  for (Rank at = source; at != target;) {
    // Forward link i leads from i to i+1; the reverse of link i-1 leads from i to i-1.
    const Rank previous = (at + hosts_ - 1) % hosts_;
    links.push_back(forward ? at : hosts_ + previous);
    at = forward ? (at + 1) % hosts_ : previous;
  }
  return links;
}

}  // namespace ringsim
