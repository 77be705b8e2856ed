#include "sim/simgrid/zone.hpp"

#include "base/error.hpp"

#include <cmath>
#include <limits>

namespace ringsim {

namespace routing = simgrid::kernel::routing;

TopologyZone::TopologyZone(const std::string& name, const Topology& topology)
    : NetZoneImpl(name), topology_(topology), routes_(topology.hosts()) {}

void TopologyZone::set_links(std::vector<simgrid::kernel::resource::StandardLinkImpl*> links) {
  links_ = std::move(links);
}

PlatformRoute& TopologyZone::route(Rank source, Rank target) {
  return routes_.at(source, target, [&](PlatformRoute& entry) {
    entry.route = topology_.route(source, target);
    for (const LinkId id : entry.route.links) entry.links.push_back(links_[id]);
  });
}

TransferCost TopologyZone::cost(PlatformRoute& route, Bytes message) const {
  auto cost = topology_.cost(route.route, message);
  if (route.route.is_plain) return cost;
  while (route.latencies.try_emplace(cost.work, cost.latency).first->second != cost.latency)
    cost.work = std::nextafter(cost.work, std::numeric_limits<double>::infinity());
  return cost;
}

double TopologyZone::latency_factor(const PlatformRoute& route, double work) {
  const Seconds latency = route.route.is_plain ? route.route.latency : route.latencies.at(work);
  return latency.value / unit_latency;
}

void TopologyZone::get_local_route(const routing::NetPoint* source, const routing::NetPoint* target,
                                   routing::Route* into, double* latency) {
  const auto& links = route(static_cast<Rank>(source->id()), static_cast<Rank>(target->id())).links;
  into->link_list_.insert(into->link_list_.end(), links.begin(), links.end());
  if (latency != nullptr) *latency += unit_latency;
}

void TopologyZone::get_graph(const s_xbt_graph_t*, std::map<std::string, xbt_node_t, std::less<>>*,
                             std::map<std::string, xbt_edge_t, std::less<>>*) {
  check(false, "nothing asks this zone for a drawing");
}

}  // namespace ringsim
