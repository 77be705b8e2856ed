// Routes against those of SimGrid's own zones: the same number of links, and two routes share a
// link here where they share one there.
#include "topologies/topology.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <map>

using namespace ringsim;

namespace s4u = simgrid::s4u;

namespace {

s4u::Engine make_engine() {
  static char name[] = "test", quiet[] = "--log=root.thresh:critical";
  static char* arguments[] = {name, quiet, nullptr};
  int count = 2;
  return s4u::Engine(&count, arguments);
}

using MakeHost =
    std::pair<simgrid::kernel::routing::NetPoint*, simgrid::kernel::routing::NetPoint*>;

/// For the zones that ask for their hosts one by one.
MakeHost make_host(s4u::NetZone* zone, const std::vector<unsigned long>&, unsigned long id) {
  return {zone->create_host(fmt::format("rank{}", id), 1e9)->seal()->get_netpoint(), nullptr};
}

s4u::ClusterCallbacks callbacks() { return s4u::ClusterCallbacks(make_host); }

/// Checks every route; links correspond one to one.
void check_routes(const Topology& topology) {
  std::map<LinkId, s4u::Link*> theirs;
  std::map<s4u::Link*, LinkId> ours;
  for (Rank source = 0; source < topology.hosts(); ++source) {
    for (Rank target = 0; target < topology.hosts(); ++target) {
      if (source == target) continue;
      std::vector<s4u::Link*> links;
      double latency = 0;
      s4u::Host::by_name(fmt::format("rank{}", source))
          ->route_to(s4u::Host::by_name(fmt::format("rank{}", target)), links, &latency);
      const auto route = topology.route(source, target);
      CAPTURE(source, target);
      REQUIRE(links.size() == route.links.size());
      REQUIRE(latency == Approx(route.latency.value).epsilon(1e-12));
      for (std::size_t i = 0; i < links.size(); ++i) {
        REQUIRE(theirs.try_emplace(route.links[i], links[i]).first->second == links[i]);
        REQUIRE(ours.try_emplace(links[i], route.links[i]).first->second == route.links[i]);
      }
    }
  }
}

}  // namespace

TEST_CASE("a fat-tree takes the routes of SimGrid's fat-tree zone", "[zones]") {
  const auto engine = make_engine();
  // 4 leaves of 6 hosts; a host has 1 leaf, a leaf 3 spines; single cables.
  const auto* zone =
      s4u::create_fatTree_zone("tree", nullptr, {2, {6, 4}, {1, 3}, {1, 1}}, callbacks(), 1e9, 1e-6,
                               s4u::Link::SharingPolicy::SPLITDUPLEX);
  REQUIRE(zone != nullptr);
  const Link link{{}, {1e9}, {1e-6}};
  check_routes(Topology::fat_tree("tree", {4, 6, 3, link, link}));
}

TEST_CASE("a ring of odd length takes the routes of SimGrid's one-dimensional torus", "[zones]") {
  const auto engine = make_engine();
  const auto* zone = s4u::create_torus_zone("ring", nullptr, {9}, callbacks(), 1e9, 1e-6,
                                            s4u::Link::SharingPolicy::SPLITDUPLEX);
  REQUIRE(zone != nullptr);
  check_routes(make_uniform(TopologyKind::ring, 9, {1e9}, {1e-6}));
}

TEST_CASE("a switch with a backbone takes the routes of SimGrid's star zone", "[zones]") {
  const auto engine = make_engine();
  auto* zone = s4u::create_star_zone("star");
  const auto* backbone = zone->create_link("backbone", 1e9)
                             ->set_latency(2e-6)
                             ->set_sharing_policy(s4u::Link::SharingPolicy::SHARED)
                             ->seal();
  for (int i = 0; i < 5; ++i) {
    auto* host = zone->create_host(fmt::format("rank{}", i), 1e9);
    host->seal();
    const auto* cable =
        zone->create_split_duplex_link(fmt::format("cable{}", i), 1e9)->set_latency(1e-6)->seal();
    zone->add_route(
        host->get_netpoint(), nullptr, nullptr, nullptr,
        {s4u::LinkInRoute(cable, s4u::LinkInRoute::Direction::UP), s4u::LinkInRoute(backbone)},
        true);
  }
  zone->seal();
  const Link cable{{}, {1e9}, {1e-6}};
  check_routes(Topology::star("star", std::vector<Link>(5, cable), Link{{}, {1e9}, {2e-6}}));
}
