#include "sim/simgrid/platform.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

namespace s4u = simgrid::s4u;

constexpr double host_speed = 1e9;  // never used: computing is a delay

std::vector<s4u::Link*> make_links(s4u::NetZone& zone, const Topology& topology, Seconds latency) {
  std::vector<s4u::Link*> links;
  for (std::size_t i = 0; i < topology.links().size(); ++i) {
    auto* link = zone.create_link(fmt::format("link{}", i), topology.links()[i].bandwidth.value);
    link->set_latency(latency.value)->set_sharing_policy(s4u::Link::SharingPolicy::SHARED)->seal();
    links.push_back(link);
  }
  return links;
}

}  // namespace

Platform build_platform(const Topology& topology, Rank ranks,
                        const std::vector<std::pair<Rank, Rank>>& pairs) {
  Platform platform;
  bool all_single = true;
  for (const auto& [source, target] : pairs) {
    platform.routes.push_back({source, target, topology.route(source, target)});
    all_single = all_single && platform.routes.back().route.links.size() == 1;
  }
  auto* zone = s4u::create_star_zone("ringsim");
  // A route of one link has its latency on that link; longer ones get a link of their own for it.
  const auto links = make_links(*zone, topology, all_single ? flow_latency : Seconds{});
  double widest = 0;
  for (const auto& link : topology.links()) widest = std::max(widest, link.bandwidth.value);
  using LinkList = std::vector<s4u::LinkInRoute>;
  const auto make_host = [&](const std::string& name, const LinkList& up) {
    auto* host = zone->create_host(name, host_speed);
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, up, false);
    zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, LinkList(), false);
    return host;
  };
  for (Rank rank = 0; rank < ranks; ++rank) {
    platform.hosts.push_back(make_host(fmt::format("rank{}", rank), {}));
  }
  auto* end = make_host("end", {});
  for (auto& route : platform.routes) {
    const auto name = fmt::format("{}>{}", route.source, route.target);
    LinkList up;
    if (!all_single) {
      auto* own = zone->create_link(name, 2 * widest);
      own->set_latency(flow_latency.value)
          ->set_sharing_policy(s4u::Link::SharingPolicy::FATPIPE)
          ->seal();
      up.emplace_back(own);
    }
    for (const LinkId id : route.route.links) up.emplace_back(links[id]);
    route.from = make_host(name, up);
    route.to = end;
  }
  zone->seal();
  return platform;
}

}  // namespace ringsim
