// Links and routes of each kind of topology.
#include "tests/topologies/file.hpp"
#include "topologies/kinds/kind.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

const std::string link_1g = R"({"bandwidth": "1Gbps", "latency": "5us"})";
const std::string link_10g = R"({"bandwidth": "10Gbps", "latency": "2us"})";

}  // namespace

TEST_CASE("round a switch a message goes up and down", "[kinds]") {
  const auto plain =
      loaded(R"({"name": "n", "kind": "switch", "hosts": 3, "link": )" + link_1g + "}");
  CHECK(plain.kind().name == "switch");
  CHECK(plain.hosts() == 3);
  CHECK(plain.links().size() == 6);
  CHECK(way(plain, 0, 2) == "host0:up host2:down");
  CHECK(plain.route(0, 2).latency.value == Approx(10e-6));
  const auto with_backbone = loaded(
      R"({"name": "n", "kind": "switch", "backbone": {"bandwidth": "0.5Gbps", "latency": "1us"},
          "links": [{"name": "a", "bandwidth": "1Gbps", "latency": "5us"}, )" +
      link_10g + "]}");
  CHECK(with_backbone.links().size() == 5);
  CHECK(way(with_backbone, 0, 1) == "a:up backbone host1:down");
  CHECK(way(with_backbone, 1, 0) == "host1:up backbone a:down");
  CHECK(with_backbone.route(0, 1).bandwidth == BytesPerSecond{62.5e6});
  CHECK(with_backbone.route(0, 1).latency.value == Approx(8e-6));
}

TEST_CASE("between nodes a message passes the card of its node, or of its GPU", "[kinds]") {
  const auto text = [](const std::string& more) {
    return R"({"name": "n", "kind": "hierarchical", "nodes": 2, "gpus_per_node": 2, "inner": )" +
           link_10g + R"(, "nic": )" + link_1g + more + "}";
  };
  const auto by_node = loaded(text(R"(, "nics": "per-node")"));
  CHECK(by_node.hosts() == 4);
  CHECK(by_node.gpus_per_node() == 2);
  CHECK(by_node.links().size() == 2 * 4 + 2 * 2);
  CHECK(way(by_node, 0, 1) == "gpu0:up gpu1:down");
  CHECK(way(by_node, 1, 2) == "gpu1:up nic0:up nic1:down gpu2:down");
  CHECK(by_node.route(1, 2).latency.value == Approx(14e-6));
  CHECK(by_node.route(1, 2).bandwidth == BytesPerSecond{125e6});
  const auto by_gpu = loaded(text(R"(, "nics": "per-gpu")"));
  CHECK(by_gpu.links().size() == 2 * 4 + 2 * 4);
  CHECK(way(by_gpu, 1, 0) == "gpu1:up gpu0:down");
  CHECK(way(by_gpu, 1, 2) == "nic1:up nic2:down");
  CHECK(way(by_gpu, 3, 0) == "nic3:up nic0:down");
  const auto with_backbone = loaded(text(R"(, "nics": "per-node", "backbone": )" + link_10g));
  CHECK(way(with_backbone, 3, 0) == "gpu3:up nic1:up backbone nic0:down gpu0:down");
  CHECK(way(with_backbone, 3, 2) == "gpu3:up gpu2:down");
}

TEST_CASE("between leaves a message takes the spine of its target", "[kinds]") {
  const auto tree = loaded(
      R"({"name": "n", "kind": "fat-tree", "leaves": 2, "hosts_per_leaf": 4, "spines": 2,
          "oversubscription": 2, "link": )" +
      link_10g + "}");
  CHECK(tree.hosts() == 8);
  CHECK(tree.links().size() == 2 * 8 + 2 * 4);
  CHECK(way(tree, 0, 3) == "host0:up host3:down");
  CHECK(way(tree, 0, 4) == "host0:up leaf0-spine0:up leaf1-spine0:down host4:down");
  CHECK(way(tree, 7, 1) == "host7:up leaf1-spine1:up leaf0-spine1:down host1:down");
  // 4 hosts of 10 Gbit/s over 2 spines at 2:1 are 10 Gbit/s an uplink.
  CHECK(tree.links()[16].bandwidth == BytesPerSecond{1.25e9});
  CHECK(tree.links()[16].latency == Seconds{2e-6});
  const auto given = loaded(
      R"({"name": "n", "kind": "fat-tree", "leaves": 3, "hosts_per_leaf": 1, "spines": 1,
          "uplink": )" +
      link_1g + R"(, "link": )" + link_10g + "}");
  CHECK(given.route(0, 2).bandwidth == BytesPerSecond{125e6});
}

TEST_CASE("every link of a route leads on from the one before, in every kind", "[kinds]") {
  for (const auto* kind : topology_kinds()) {
    const auto topology = make_uniform(*kind, 16, {1e9}, {1e-6});
    CAPTURE(topology.name());
    CHECK(topology.hosts() == 16);
    for (Rank source = 0; source < 16; ++source) {
      for (Rank target = 0; target < 16; ++target) {
        if (source == target) continue;
        const auto route = topology.route(source, target);
        CHECK(route.latency.value == Approx(1e-6 * static_cast<double>(route.links.size())));
        CHECK(route.bandwidth == BytesPerSecond{1e9});
        CHECK(route.is_plain);
      }
    }
  }
  CHECK(way(make_uniform(*kind_named("hierarchical"), 16, {1}, {1}), 7, 8) == "nic7:up nic8:down");
  CHECK(way(make_uniform(*kind_named("fat-tree"), 16, {1}, {1}), 7, 9) ==
        "host7:up leaf0-spine1:up leaf1-spine1:down host9:down");
}

TEST_CASE("wrong files of the kinds are errors with place and mend", "[kinds]") {
  CHECK(error_of(
            R"({"name": "n", "kind": "hierarchical", "nodes": 1, "gpus_per_node": 1, "inner": )" +
            link_1g + R"(, "nic": )" + link_1g + R"(, "nics": "per-node"})") ==
        "/nodes: makes 1 host; 2 to 1048576 hosts in all are accepted");
  CHECK(error_of(
            R"({"name": "n", "kind": "hierarchical", "nodes": 2, "gpus_per_node": 1, "inner": )" +
            link_1g + R"(, "nic": )" + link_1g + R"(, "nics": "both"})") ==
        "/nics: found the string \"both\"; \"per-node\" or \"per-gpu\" is accepted");
  const std::string tree =
      R"({"name": "n", "kind": "fat-tree", "leaves": 2, "hosts_per_leaf": 2, "spines": 1, "link": )" +
      link_1g;
  CHECK(error_of(tree + "}") ==
        "neither \"uplink\" nor \"oversubscription\" is there; one of the two is accepted");
  CHECK(error_of(tree + R"(, "oversubscription": 2, "uplink": )" + link_1g + "}") ==
        "\"uplink\" stands beside \"oversubscription\"; one of the two is accepted");
  CHECK(error_of(tree + R"(, "oversubscription": 0})") ==
        "/oversubscription: found the number 0; a number from 0.01 to 1000 is accepted");
}

TEST_CASE("exceptions replace a link, and change a host", "[kinds]") {
  const std::string ring = R"({"name": "n", "kind": "ring", "hosts": 3, "link": )" + link_1g;
  const auto topology = loaded(ring + R"(,
      "link_exceptions": [{"link": "link1:reverse", "bandwidth": "2Gbps", "latency": "1us"}],
      "host": {"speed": 2, "jitter": 0.1},
      "host_exceptions": [{"host": 1, "speed": 0.5, "dies": "3s", "reduce_rate": "1GBps"}]})");
  CHECK(topology.links()[1].bandwidth == BytesPerSecond{125e6});
  CHECK(topology.links()[4].name == "link1:reverse");
  CHECK(topology.links()[4].bandwidth == BytesPerSecond{250e6});
  CHECK(topology.host(0).speed == 2);
  CHECK(topology.host(1).speed == 0.5);
  CHECK(topology.host(1).jitter == 0.1);
  CHECK(topology.host(1).dies == Seconds{3});
  CHECK(topology.host(1).reduce_rate == BytesPerSecond{1e9});
  CHECK_FALSE(topology.host(2).dies.has_value());
  CHECK(topology.features() ==
        std::vector<std::string_view>{"speed", "jitter", "reduce_rate", "dies"});

  CHECK(
      error_of(
          ring +
          R"(, "link_exceptions": [{"link": "link4", "bandwidth": "1Gbps", "latency": "1us"}]})") ==
      "/link_exceptions/0/link: unknown link \"link4\" (did you mean \"link0\"?); the name of a "
      "link of this topology is accepted; ringsim topology show lists them");
  const std::string same = R"({"link": "link1", "bandwidth": "1Gbps", "latency": "1us"})";
  CHECK(error_of(ring + R"(, "link_exceptions": [)" + same + "," + same + "]}") ==
        "/link_exceptions/1/link: the link \"link1\" stands twice; one exception for each link is "
        "accepted; remove one of the two");
  CHECK(error_of(ring + R"(, "host_exceptions": [{"host": 3, "speed": 1}]})") ==
        "/host_exceptions/0/host: found the number 3; a whole number from 0 to 2 is accepted");
  CHECK(error_of(ring + R"(, "host_exceptions": [{"host": 1}, {"host": 1}]})") ==
        "/host_exceptions/1/host: host 1 stands twice; one exception for each host is accepted; "
        "remove one of the two");
  CHECK(error_of(ring + R"(, "host": {"dies": "1s"}})") ==
        "/host/dies: unknown key; accepted keys: speed, jitter, profile, "
        "reduce_rate");
}

TEST_CASE("a bare kind makes a topology of equal links", "[kinds]") {
  const auto ring = choose_topology({"ring", 5, BytesPerSecond{1e9}, Seconds{1e-6}});
  CHECK(ring.name() == "ring5");
  CHECK(ring.hosts() == 5);
  CHECK(ring.links()[3].name == "link3");
  CHECK(choose_topology({"switch", 5, BytesPerSecond{1e9}, Seconds{1e-6}}).name() == "switch5");
  CHECK(choose_topology({"ring8-1g", 4, {}, {}}).hosts() == 8);
  CHECK_THROWS_WITH(choose_topology({"ring", 5, BytesPerSecond{1e9}, {}}),
                    "--topology: the bare kind \"ring\" stands without --latency; with a bare kind "
                    "--ranks, --bandwidth and --latency are accepted, all three; add --latency");
  CHECK_THROWS_WITH(
      choose_topology({"ring8-1g", {}, BytesPerSecond{1e9}, {}}),
      "--bandwidth: stands beside the topology \"ring8-1g\", which has its own; it is "
      "accepted with a bare kind of topology, such as --topology ring");
  CHECK_THROWS_WITH(choose_topology({"ring", 1, BytesPerSecond{1e9}, Seconds{}}),
                    "--ranks: found 1; for a uniform ring topology 2 to 1048576 is accepted");
  CHECK_THROWS_WITH(
      choose_topology({"fat-tree", 20, BytesPerSecond{1e9}, Seconds{}}),
      "--ranks: found 20; for a uniform fat-tree topology a multiple of 8 from 16 to 1048576 is "
      "accepted; write a topology file for other groups");
}
