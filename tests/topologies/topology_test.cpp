#include "base/error.hpp"
#include "base/text.hpp"
#include "topologies/kinds/ring.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

namespace {

Topology ring_of(std::uint32_t hosts) {
  std::vector<Link> links;
  for (std::uint32_t i = 0; i < hosts; ++i) {
    links.push_back({"link" + std::to_string(i), {1e9 * (i + 1)}, {1e-6 * (i + 1)}});
  }
  return ring_topology("test", links);
}

}  // namespace

TEST_CASE("a ring's routes go the shorter way round, ties clockwise", "[topology]") {
  const auto ring = ring_of(6);
  REQUIRE(ring.hosts() == 6);
  REQUIRE(ring.links().size() == 12);
  CHECK(ring.links()[6 + 2].name == "link2:reverse");
  CHECK(ring.route(0, 1).links == std::vector<LinkId>{0});
  CHECK(ring.route(5, 0).links == std::vector<LinkId>{5});
  CHECK(ring.route(1, 3).links == std::vector<LinkId>{1, 2});
  CHECK(ring.route(0, 3).links == std::vector<LinkId>{0, 1, 2});  // a tie
  CHECK(ring.route(3, 0).links == std::vector<LinkId>{3, 4, 5});  // a tie
  CHECK(ring.route(0, 4).links == std::vector<LinkId>{6 + 5, 6 + 4});
  CHECK(ring.route(1, 0).links == std::vector<LinkId>{6 + 0});
}

TEST_CASE("a route's latency is the sum, its bandwidth the least", "[topology]") {
  const auto route = ring_of(6).route(1, 4);
  CHECK(route.latency.value == Approx(2e-6 + 3e-6 + 4e-6));
  CHECK(route.bandwidth == BytesPerSecond{2e9});
}

TEST_CASE("in a ring of two each host sends over its own link", "[topology]") {
  const auto ring = ring_of(2);
  CHECK(ring.route(0, 1).links == std::vector<LinkId>{0});
  CHECK(ring.route(1, 0).links == std::vector<LinkId>{1});
}

TEST_CASE("the shipped topologies load", "[topology]") {
  std::vector<std::string> names;
  for (const auto& shipped : shipped_topologies()) {
    const auto topology = load_topology(shipped.path);
    CHECK(topology.name() == shipped.name);
    CHECK(!topology.description().empty());
    names.push_back(shipped.name);
  }
  CHECK(names == std::vector<std::string>{"dgx-a100x4", "dragonfly64", "fat-tree32-25g",
                                          "h100-x2-nvlink", "h100-x2-sockets", "p4d-x4",
                                          "ring8-100g", "ring8-10g", "ring8-1g", "ring8-mixed",
                                          "ring8-slow-link", "ring8-straggler", "switch8-25g",
                                          "torus4x4x4"});
  const auto mixed = find_topology("ring8-mixed");
  CHECK(mixed.links()[3].name == "rack0-rack1");
  CHECK(mixed.links()[7].bandwidth == BytesPerSecond{125e6});
}

TEST_CASE("an unknown topology is an error that names the nearest and the accepted", "[topology]") {
  CHECK_THROWS_WITH(
      find_topology("ring8-2g"),
      "--topology: unknown topology \"ring8-2g\" (did you mean \"ring8-1g\"?); accepted: a file "
      "(with / or .json in its name), one of dgx-a100x4, dragonfly64, fat-tree32-25g, "
      "h100-x2-nvlink, "
      "h100-x2-sockets, p4d-x4, ring8-100g, "
      "ring8-10g, ring8-1g, ring8-mixed, ring8-slow-link, ring8-straggler, switch8-25g, "
      "torus4x4x4, or with "
      "--ranks, --bandwidth and --latency "
      "one of " +
          join(topology_kind_names(), ", "));
  CHECK_THROWS_WITH(find_topology("nowhere/x.json"), "nowhere/x.json: no such file");
}
