// Routes against those of SimGrid's own zones: the same number of links, as fast as there, and two
// routes share a link here where they share one there.
#include "tests/child.hpp"
#include "tests/topologies/file.hpp"
#include "topologies/kinds/fat_tree.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>

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

void require(bool holds, Rank source, Rank target, const char* what) {
  if (!holds) throw std::runtime_error(fmt::format("{} -> {}: {} differs", source, target, what));
}

/// Throws where a route of the topology is not that of SimGrid's zone: the same links, one to one,
/// with the same bandwidth and latency.
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
      require(links.size() == route.links.size(), source, target, "the number of links");
      require(std::abs(latency - route.latency.value) <= 1e-12 * latency, source, target,
              "the latency");
      for (std::size_t i = 0; i < links.size(); ++i) {
        const LinkId id = route.links[i];
        require(theirs.try_emplace(id, links[i]).first->second == links[i] &&
                    ours.try_emplace(links[i], id).first->second == id,
                source, target, "a link");
        require(links[i]->get_bandwidth() == topology.links()[id].bandwidth.value, source, target,
                "a link's bandwidth");
      }
    }
  }
}

/// check_routes() against the zone that `make_zone` makes, in a process of its own; what differs.
std::string difference(const Topology& topology, const std::function<void()>& make_zone) {
  return test::run_child([&] {
           const auto engine = make_engine();
           make_zone();
           check_routes(topology);
           return std::vector<double>{};
         })
      .error;
}

constexpr auto duplex = s4u::Link::SharingPolicy::SPLITDUPLEX;
const std::string link_text = R"("link": {"bandwidth": "8Gbps", "latency": "1us"})";

Topology torus(const std::vector<unsigned long>& extents, const std::string& order) {
  return test::loaded(
      fmt::format(R"({{"name": "t", "kind": "torus", "dimensions": [{}], "rank_order": "{}", {}}})",
                  fmt::join(extents, ", "), order, link_text));
}

/// As the arguments of SimGrid's zone: groups and blue, chassis and black, routers and green,
/// nodes.
Topology dragonfly(const s4u::DragonflyParams& p, const std::string& routing) {
  return test::loaded(fmt::format(
      R"({{"name": "d", "kind": "dragonfly", "groups": {}, "blue": {}, "chassis": {}, "black": {},
          "routers": {}, "green": {}, "nodes": {}, "routing": "{}", {}}})",
      p.groups.first, p.groups.second, p.chassis.first, p.chassis.second, p.routers.first,
      p.routers.second, p.nodes, routing, link_text));
}

std::function<void()> dragonfly_zone(const s4u::DragonflyParams& parameters) {
  return [parameters] {
    s4u::create_dragonfly_zone("dragonfly", nullptr, parameters, callbacks(), 1e9, 1e-6, duplex)
        ->seal();
  };
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
  REQUIRE_NOTHROW(check_routes(fat_tree_topology("tree", {4, 6, 3, link, link})));
}

TEST_CASE("a ring of odd length takes the routes of SimGrid's one-dimensional torus", "[zones]") {
  const auto engine = make_engine();
  const auto* zone = s4u::create_torus_zone("ring", nullptr, {9}, callbacks(), 1e9, 1e-6,
                                            s4u::Link::SharingPolicy::SPLITDUPLEX);
  REQUIRE(zone != nullptr);
  REQUIRE_NOTHROW(check_routes(make_uniform(*kind_named("ring"), 9, {1e9}, {1e-6})));
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
  REQUIRE_NOTHROW(
      check_routes(switch_topology("star", std::vector<Link>(5, cable), Link{{}, {1e9}, {2e-6}})));
}

TEST_CASE("a torus takes the routes of SimGrid's torus zone", "[zones]") {
  for (const std::vector<unsigned long>& extents :
       std::vector<std::vector<unsigned long>>{{4, 4},
                                               {5, 3},
                                               {3, 5},
                                               {6, 4},
                                               {7, 2},
                                               {2, 2},
                                               {2, 6},
                                               {1, 5},
                                               {6, 1},
                                               {4, 4, 4},
                                               {3, 5, 2},
                                               {2, 4, 3},
                                               {5, 1, 4},
                                               {1, 6, 4},
                                               {2, 2, 2},
                                               {3, 3, 3},
                                               {8, 2, 1}}) {
    CAPTURE(extents);
    const auto make_zone = [&] {
      s4u::create_torus_zone("torus", nullptr, extents, callbacks(), 1e9, 1e-6, duplex)->seal();
    };
    CHECK(difference(torus(extents, "row-major"), make_zone).empty());
  }
  // The comparison sees another order of ranks.
  CHECK(difference(torus({4, 4}, "ring"), [] {
          s4u::create_torus_zone("torus", nullptr, {4, 4}, callbacks(), 1e9, 1e-6, duplex)->seal();
        }) == "0 -> 4: the number of links differs");
}

TEST_CASE("a dragonfly takes the routes of SimGrid's dragonfly zone", "[zones]") {
  for (const s4u::DragonflyParams& parameters :
       std::vector<s4u::DragonflyParams>{{{3, 4}, {4, 3}, {5, 1}, 2},
                                         {{2, 1}, {1, 1}, {2, 1}, 1},
                                         {{4, 2}, {3, 1}, {4, 5}, 1},
                                         {{1, 1}, {3, 2}, {2, 1}, 3},
                                         {{1, 1}, {1, 1}, {1, 1}, 4},
                                         {{2, 3}, {2, 2}, {6, 4}, 2}}) {
    CAPTURE(parameters.groups, parameters.chassis, parameters.routers, parameters.nodes);
    CHECK(difference(dragonfly(parameters, "simgrid"), dragonfly_zone(parameters)).empty());
  }
}

TEST_CASE("a dragonfly's minimal routes differ from SimGrid's where a group has several chassis",
          "[zones]") {
  // In one chassis nothing differs. In two, SimGrid goes from router 0 of chassis 1 to router 1 of
  // it by the green link and then by the black one that leads from chassis 0 to 1.
  CHECK(difference(dragonfly({{3, 1}, {1, 1}, {4, 1}, 2}, "minimal"),
                   dragonfly_zone({{3, 1}, {1, 1}, {4, 1}, 2}))
            .empty());
  CHECK(difference(dragonfly({{1, 1}, {2, 1}, {2, 1}, 1}, "minimal"),
                   dragonfly_zone({{1, 1}, {2, 1}, {2, 1}, 1})) ==
        "2 -> 1: the number of links differs");
}
