#include "sim/simgrid/zone.hpp"

#include "base/error.hpp"
#include "sim/backend/message_cost.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace ringsim {

namespace resource = simgrid::kernel::resource;
namespace routing = simgrid::kernel::routing;

/// Whether it is a number of bytes, and not the work of a message with a passage.
bool is_whole(double work) { return work == std::floor(work); }

/// More than anything passes.
constexpr double private_bandwidth = 1e30;  // B/s

resource::StandardLinkImpl* PrivateLinks::create(Rank source, Rank target) {
  auto* link = create_link(fmt::format("{}>{}", source, target), {private_bandwidth});
  return link->seal()->get_impl();
}

void PrivateLinks::get_local_route(const routing::NetPoint*, const routing::NetPoint*,
                                   routing::Route*, double*) {
  check(false, "no route leads through this zone");
}

TopologyZone::TopologyZone(const std::string& name, const Topology& topology)
    : NetZoneImpl(name), topology_(topology), routes_(topology.hosts()) {}

void TopologyZone::set_links(std::vector<simgrid::kernel::resource::StandardLinkImpl*> links) {
  links_ = std::move(links);
  private_links_ = std::make_unique<PrivateLinks>();
  private_links_->set_network_model(get_network_model());
}

PlatformRoute& TopologyZone::route(Rank source, Rank target) {
  return routes_.at(source, target, [&](PlatformRoute& entry) {
    entry.route = topology_.route(source, target);
    if (entry.route.links.size() > 1) entry.links.push_back(private_links_->create(source, target));
    for (const LinkId id : entry.route.links) entry.links.push_back(links_[id]);
  });
}

TransferCost TopologyZone::cost(PlatformRoute& route, Bytes message, const Passage* passage) const {
  auto cost = message_cost(topology_, route.route, message, passage);
  if (route.route.is_plain && passage == nullptr) return cost;
  const auto stands_for_another = [&] {
    return (route.route.is_plain && is_whole(cost.work)) ||
           route.latencies.try_emplace(cost.work, cost.latency).first->second != cost.latency;
  };
  while (stands_for_another())
    cost.work = std::nextafter(cost.work, std::numeric_limits<double>::infinity());
  return cost;
}

double TopologyZone::latency_factor(const PlatformRoute& route, double work) {
  const bool is_of_route = route.route.is_plain && is_whole(work);
  const Seconds latency = is_of_route ? route.route.latency : route.latencies.at(work);
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
