#include "topologies/topology.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

Topology Topology::ring(std::string name, std::vector<Link> forward) {
  check(forward.size() >= 2, "a ring needs at least two hosts");
  Topology topology;
  topology.name_ = std::move(name);
  topology.kind_ = TopologyKind::ring;
  topology.hosts_ = static_cast<std::uint32_t>(forward.size());
  topology.links_ = std::move(forward);
  for (std::uint32_t i = 0; i < topology.hosts_; ++i) {
    Link reverse = topology.links_[i];
    reverse.name += ":reverse";
    topology.links_.push_back(std::move(reverse));
  }
  return topology;
}

Route Topology::route(Rank source, Rank target) const {
  check(source < hosts_ && target < hosts_ && source != target,
        "Topology::route: no such pair of hosts");
  const std::uint32_t clockwise = (target + hosts_ - source) % hosts_;
  const bool forward = clockwise <= hosts_ - clockwise;
  Route route{{}, {}, {}};
  for (Rank at = source; at != target;) {
    // Forward link i leads from i to i+1; the reverse of link i-1 leads from i to i-1.
    const Rank previous = (at + hosts_ - 1) % hosts_;
    const LinkId id = forward ? at : hosts_ + previous;
    route.links.push_back(id);
    route.latency += links_[id].latency;
    const BytesPerSecond bandwidth = links_[id].bandwidth;
    if (route.links.size() == 1 || bandwidth < route.bandwidth) route.bandwidth = bandwidth;
    at = forward ? (at + 1) % hosts_ : previous;
  }
  return route;
}

std::string_view name_of(TopologyKind kind) {
  switch (kind) {
    case TopologyKind::ring:
      return "ring";
  }
  check(false, "name_of: no such kind of topology");
  return {};
}

}  // namespace ringsim
