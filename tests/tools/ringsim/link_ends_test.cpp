// The places between which links lead, from routes alone.
#include "tools/ringsim/link_ends.hpp"

#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>

using namespace ringsim;

namespace {

Topology uniform(const char* kind, std::uint32_t ranks) {
  return make_uniform(*kind_named(kind), ranks, BytesPerSecond{1e9}, Seconds{});
}

Topology from_text(const std::string& text) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "network.json";
  std::ofstream(file) << text;
  return load_topology(file);
}

std::string link(const std::string& name) {
  return R"({"link": ")" + name + R"(", "bandwidth": "1Gbps", "latency": "1us"})";
}

}  // namespace

TEST_CASE("links of a ring lead from host to host, those of a star to its middle", "[link_ends]") {
  CHECK(link_ends(uniform("ring", 3)).value() ==
        std::vector<LinkEnds>{{0, 1}, {1, 2}, {2, 0}, {1, 0}, {2, 1}, {0, 2}});
  CHECK(link_ends(uniform("switch", 3)).value() ==
        std::vector<LinkEnds>{{0, 3}, {1, 3}, {2, 3}, {3, 0}, {3, 1}, {3, 2}});
}

TEST_CASE("links of any network lead where its routes go", "[link_ends]") {
  const auto network =
      from_text(R"({"name": "n", "kind": "routes", "hosts": 2, "links": [)" + link("out") + "," +
                link("way") + "," + link("in") + "," + link("back") +
                R"(], "routes": [{"from": 0, "to": 1, "links": ["out", "way", "in"]},
                       {"from": 1, "to": 0, "links": ["back"]}]})");
  CHECK(link_ends(network).value() == std::vector<LinkEnds>{{0, 2}, {2, 3}, {3, 1}, {1, 0}});
}

TEST_CASE("a link that is passed both ways, or not at all, has no beginning", "[link_ends]") {
  const auto both = from_text(
      R"({"name": "n", "kind": "routes", "hosts": 2, "links": [)" + link("bus") +
      R"(], "routes": [{"from": 0, "to": 1, "links": ["bus"]}, {"from": 1, "to": 0, "links": ["bus"]}]})");
  CHECK_FALSE(link_ends(both).has_value());
  const auto idle = from_text(
      R"({"name": "n", "kind": "routes", "hosts": 2, "links": [)" + link("a") + "," + link("b") +
      "," + link("c") +
      R"(], "routes": [{"from": 0, "to": 1, "links": ["a"]}, {"from": 1, "to": 0, "links": ["b"]}]})");
  CHECK_FALSE(link_ends(idle).has_value());
  CHECK_FALSE(link_ends(uniform("ring", 65)).has_value());
}
