#include "sim/simgrid/zone.hpp"

#include "base/error.hpp"

namespace ringsim {

namespace routing = simgrid::kernel::routing;

TopologyZone::TopologyZone(const std::string& name, const Topology& topology)
    : NetZoneImpl(name), topology_(topology), from_(topology.hosts()) {}

void TopologyZone::set_links(std::vector<simgrid::kernel::resource::StandardLinkImpl*> links) {
  links_ = std::move(links);
}

const PlatformRoute& TopologyZone::route(Rank source, Rank target) {
  auto& from = from_[source];
  if (from.last != nullptr && from.last_target == target) return *from.last;
  auto [found, is_new] = from.routes.try_emplace(target);
  if (is_new) {
    found->second.route = topology_.route(source, target);
    for (const LinkId id : found->second.route.links) found->second.links.push_back(links_[id]);
  }
  from.last_target = target;
  from.last = &found->second;
  return *from.last;
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
