#include "tests/topologies/file.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// A dragonfly with these parameters; `more` may begin with further keys.
std::string dragonfly(int groups, int chassis, int routers, int nodes,
                      const std::string& more = {}) {
  return R"({"name": "n", "kind": "dragonfly", "link": {"bandwidth": "1Gbps", "latency": "5us"}, )"
         R"("groups": )" +
         std::to_string(groups) + R"(, "chassis": )" + std::to_string(chassis) +
         R"(, "routers": )" + std::to_string(routers) + R"(, "nodes": )" + std::to_string(nodes) +
         more + "}";
}

const std::string as_simgrid = R"(, "routing": "simgrid")";

}  // namespace

TEST_CASE("in a dragonfly a message goes by green, black and blue links", "[kinds]") {
  // 3 groups of 2 chassis of 3 routers of 2 nodes: host 12 g + 6 c + 2 r + n.
  const auto topology = loaded(dragonfly(3, 2, 3, 2, R"(, "green": 2, "black": 3, "blue": 4)"));
  CHECK(topology.hosts() == 36);
  // 36 hosts, in each of 6 chassis 3 pairs of routers, in each group 3 pairs of routers of the two
  // chassis, and 3 pairs of groups.
  CHECK(topology.links().size() == 2 * (36 + 6 * 3 + 3 * 3 + 3));
  CHECK(way(topology, 0, 1) == "host0:up host1:down");
  CHECK(way(topology, 0, 4) == "host0:up group0-chassis0-router0-router2:up host4:down");
  CHECK(way(topology, 5, 2) == "host5:up group0-chassis0-router1-router2:down host2:down");
  CHECK(way(topology, 8, 2) == "host8:up group0-router1-chassis0-chassis1:down host2:down");
  // From router 0 in chassis 1 of group 0 to router 2 in chassis 1 of group 2: by router 2 of the
  // first chassis, which has the cable to group 2, to router 0 of group 2's first chassis.
  CHECK(way(topology, 6, 34) ==
        "host6:up group0-chassis1-router0-router2:up group0-router2-chassis0-chassis1:down "
        "group0-group2:up group2-chassis0-router0-router2:up group2-router2-chassis0-chassis1:up "
        "host34:down");
  CHECK(way(topology, 28, 0) ==
        "host28:up group2-chassis0-router0-router2:down group0-group2:down "
        "group0-chassis0-router0-router2:down host0:down");
  // So many cables are one link of so much bandwidth.
  CHECK(topology.route(0, 1).bandwidth == BytesPerSecond{125e6});
  const auto bandwidth_of = [&](Rank source, Rank target, std::size_t hop) {
    return topology.links()[topology.route(source, target).links[hop]].bandwidth;
  };
  CHECK(bandwidth_of(6, 34, 1) == BytesPerSecond{250e6});
  CHECK(bandwidth_of(6, 34, 2) == BytesPerSecond{375e6});
  CHECK(bandwidth_of(6, 34, 3) == BytesPerSecond{500e6});
  CHECK(topology.route(6, 34).latency.value == Approx(35e-6));
}

TEST_CASE("inside a group a dragonfly's routing is SimGrid's, or from neighbour to neighbour",
          "[kinds]") {
  const auto simgrid = loaded(dragonfly(1, 3, 2, 1, as_simgrid)),
             other = loaded(dragonfly(1, 3, 2, 1));
  // Host 2c + r. SimGrid forgets the chassis when it turns to another router.
  CHECK(way(simgrid, 2, 3) ==
        "host2:up group0-chassis1-router0-router1:up "
        "group0-router1-chassis0-chassis1:up host3:down");
  CHECK(way(other, 2, 3) == "host2:up group0-chassis1-router0-router1:up host3:down");
  CHECK(way(simgrid, 2, 1) == "host2:up group0-chassis1-router0-router1:up host1:down");
  CHECK(way(other, 2, 1) ==
        "host2:up group0-chassis1-router0-router1:up "
        "group0-router1-chassis0-chassis1:down host1:down");
  CHECK(way(simgrid, 2, 5) ==
        "host2:up group0-chassis1-router0-router1:up "
        "group0-router1-chassis0-chassis2:up host5:down");
  CHECK(way(other, 2, 5) ==
        "host2:up group0-chassis1-router0-router1:up "
        "group0-router1-chassis1-chassis2:up host5:down");
  CHECK(way(simgrid, 2, 4) == way(other, 2, 4));
  CHECK(way(simgrid, 0, 5) == way(other, 0, 5));
}

TEST_CASE("parallel cables of a dragonfly have profiles and pieces together", "[kinds]") {
  const auto topology = loaded(
      R"({"name": "n", "kind": "dragonfly", "groups": 1, "chassis": 1, "routers": 2, "nodes": 1,
          "green": 2, "link": {"bandwidth": "1GBps", "latency": "5us",
          "profile": [{"at": "1s", "bandwidth": "0.5GBps"}],
          "sizes": [{"from": "1kB", "latency": "1us", "bandwidth": "0.25GBps"}]}})");
  const auto& green = topology.links()[4];
  CHECK(green.name == "group0-chassis0-router0-router1:up");
  CHECK(green.bandwidth == BytesPerSecond{2e9});
  CHECK(green.extras->profile.front().value == BytesPerSecond{1e9});
  CHECK(green.extras->pieces.front().bandwidth == BytesPerSecond{0.5e9});
  CHECK(topology.links()[0].extras->profile.front().value == BytesPerSecond{0.5e9});
}

TEST_CASE("a dragonfly has links that differ, by their names", "[kinds]") {
  const auto topology =
      loaded(dragonfly(2, 1, 2, 1, R"(, "link_exceptions": [{"link": "group0-group1:down",
                       "bandwidth": "0.5Gbps", "latency": "1us"}])"));
  CHECK(topology.route(3, 0).bandwidth == BytesPerSecond{62.5e6});
  CHECK(topology.route(0, 3).bandwidth == BytesPerSecond{125e6});
}

TEST_CASE("a dragonfly from the command line has two chassis and two nodes", "[kinds]") {
  const auto uniform = [](Rank ranks) {
    return choose_topology({"dragonfly", ranks, BytesPerSecond{1e9}, Seconds{1e-6}});
  };
  CHECK(uniform(72).links().size() == 2 * (72 + 6 * 15 + 3 * 6 + 3));  // 3 groups of 6 routers
  CHECK(uniform(64).links().size() == 2 * (64 + 8 * 6 + 4 * 4 + 6));   // 4 groups of 4 routers
  CHECK_THROWS_WITH(uniform(36),
                    "`ranks`: found 36; for a uniform dragonfly topology a multiple of 8 from 16 "
                    "to 1048576 is accepted; write a topology file for other groups");
}

TEST_CASE("wrong files of a dragonfly are errors with place and mend", "[kinds]") {
  CHECK(error_of(dragonfly(4, 1, 3, 1)) ==
        "/groups: 4 groups stand beside 3 routers of a chassis; at most as many groups as routers "
        "are accepted: router n of a group's first chassis has the cable to group n");
  CHECK(error_of(dragonfly(0, 1, 3, 1)) ==
        "/groups: found the number 0; a whole number from 1 to 1048576 is accepted");
  CHECK(error_of(dragonfly(1, 1, 1, 1)) ==
        "/groups: makes 1 host; 2 to 1048576 hosts in all are accepted");
  CHECK(error_of(dragonfly(1048576, 1048576, 1048576, 1048576)) ==
        "/groups: makes more than 1048576 hosts; 2 to 1048576 hosts in all are accepted");
  CHECK(error_of(dragonfly(1, 1, 10000, 1)) ==
        "/routers: makes 49995000 cables of routers; at most 4194304 in all are accepted");
  CHECK(error_of(dragonfly(1, 1, 2, 1, R"(, "green": 0)")) ==
        "/green: found the number 0; a whole number from 1 to 1024 is accepted");
  CHECK(error_of(dragonfly(1, 1, 2, 1, R"(, "routing": "adaptive")")) ==
        "/routing: found the string \"adaptive\"; \"minimal\" or \"simgrid\" is accepted");
  CHECK(error_of(R"({"name": "n", "kind": "dragonfly", "groups": 1})") ==
        "the key \"chassis\" is missing; add \"chassis\"");
  CHECK(error_of(dragonfly(1, 1, 2, 1, R"(, "hosts_per_router": 2)")) ==
        "/hosts_per_router: unknown key; accepted keys: $schema, name, description, kind, gpu, "
        "library, nvls, groups, "
        "chassis, routers, nodes, link, green, black, blue, routing, link_exceptions, host, "
        "host_exceptions, calibration");
}
