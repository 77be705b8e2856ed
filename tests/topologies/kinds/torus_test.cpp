#include "tests/topologies/file.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <set>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// A torus of these dimensions, with further keys.
std::string torus(const std::string& dimensions, const std::string& more = {}) {
  return R"({"name": "n", "kind": "torus", "link": {"bandwidth": "1Gbps", "latency": "5us"}, )"
         R"("dimensions": )" +
         dimensions + more + "}";
}

const std::string row_major = R"(, "rank_order": "row-major")";

}  // namespace

TEST_CASE("in a torus a message passes one dimension after the other, the shorter way round",
          "[kinds]") {
  // Host y*4 + x in the plane. A line of 4 has as many cables, one of 3 too.
  const auto plane = loaded(torus("[4, 3]", row_major));
  CHECK(plane.hosts() == 12);
  CHECK(plane.links().size() == 2 * 24);
  CHECK(way(plane, 0, 1) == "host0-host1:up");
  CHECK(way(plane, 0, 3) == "host3-host0:down");
  CHECK(way(plane, 3, 0) == "host3-host0:up");
  CHECK(way(plane, 0, 9) == "host0-host1:up host9-host1:down");
  CHECK(way(plane, 11, 4) == "host11-host8:up host4-host8:down");
  // Both ways are equally long: up, except to the coordinate 0.
  CHECK(way(plane, 0, 2) == "host0-host1:up host1-host2:up");
  CHECK(way(plane, 1, 3) == "host1-host2:up host2-host3:up");
  CHECK(way(plane, 3, 1) == "host3-host0:up host0-host1:up");
  CHECK(way(plane, 2, 0) == "host1-host2:down host0-host1:down");
  CHECK(plane.route(0, 9).latency.value == Approx(10e-6));
  CHECK(plane.route(0, 9).bandwidth == BytesPerSecond{125e6});
  CHECK(plane.gpus_per_node() == 1);
}

TEST_CASE("a torus of two hosts in a line has one cable there, of one host none", "[kinds]") {
  const auto box = loaded(torus("[2, 1, 3]", row_major));
  CHECK(box.hosts() == 6);
  CHECK(box.links().size() == 2 * (3 + 0 + 6));
  CHECK(way(box, 0, 1) == "host0-host1:up");
  CHECK(way(box, 1, 0) == "host0-host1:down");
  CHECK(way(box, 1, 4) == "host0-host1:down host4-host0:down");
}

TEST_CASE("ranks of a torus follow a ring of neighbours that shares no link", "[kinds]") {
  for (const char* dimensions :
       {"[4, 4]",    "[3, 3]",    "[5, 3]",    "[3, 5]",    "[7, 9]",     "[6, 5]",    "[5, 6]",
        "[2, 2]",    "[2, 7]",    "[7, 2]",    "[1, 6]",    "[5, 1]",     "[2, 1]",    "[1, 2]",
        "[4, 4, 4]", "[3, 3, 3]", "[5, 3, 7]", "[7, 3, 5]", "[3, 3, 11]", "[2, 2, 2]", "[2, 3, 5]",
        "[5, 3, 2]", "[1, 5, 3]", "[3, 1, 5]", "[5, 3, 1]", "[1, 1, 4]",  "[1, 2, 3]"}) {
    CAPTURE(dimensions);
    const auto ring = loaded(torus(dimensions));
    std::set<LinkId> passed;
    for (Rank rank = 0; rank < ring.hosts(); ++rank) {
      const auto route = ring.route(rank, (rank + 1) % ring.hosts());
      REQUIRE(route.links.size() == 1);
      passed.insert(route.links.front());
    }
    CHECK(passed.size() == ring.hosts());
  }
  CHECK(way(loaded(torus("[4, 2]")), 7, 0) ==
        way(loaded(torus("[4, 2]", R"(, "rank_order": "ring")")), 7, 0));
}

TEST_CASE("a torus from the command line is as square as its ranks allow", "[kinds]") {
  const auto uniform = [](Rank ranks) {
    return choose_topology({"torus", ranks, BytesPerSecond{1e9}, Seconds{1e-6}});
  };
  CHECK(uniform(16).name() == "torus16");
  CHECK(uniform(16).links().size() == 2 * 2 * 16);
  CHECK(uniform(12).links().size() == 2 * 2 * 12);    // 4 x 3
  CHECK(uniform(14).links().size() == 2 * (14 + 7));  // 7 x 2
  const std::string accepted =
      "; for a uniform torus topology a number that is no prime from 4 to 1048576 is accepted; "
      "write a topology file for other dimensions";
  for (const Rank ranks : {2U, 3U, 13U, 1048573U}) {
    CHECK_THROWS_WITH(uniform(ranks), fmt::format("`ranks`: found {}{}", ranks, accepted));
  }
}

TEST_CASE("a torus has links that differ, by their names", "[kinds]") {
  const auto topology =
      loaded(torus("[3, 3]", row_major +
                                 R"(, "link_exceptions": [{"link": "host2-host0:down",
                             "bandwidth": "2Gbps", "latency": "1us"}])"));
  CHECK(topology.route(0, 2).bandwidth == BytesPerSecond{250e6});
  CHECK(topology.route(2, 0).bandwidth == BytesPerSecond{125e6});
}

TEST_CASE("wrong files of a torus are errors with place and mend", "[kinds]") {
  CHECK(error_of(torus("[4]")) ==
        "/dimensions: found 1 dimension; a list of 2 or 3 numbers of hosts is accepted");
  CHECK(error_of(torus("[2, 2, 2, 2]")) ==
        "/dimensions: found 4 dimensions; a list of 2 or 3 numbers of hosts is accepted");
  CHECK(error_of(torus("4")) ==
        "/dimensions: found the number 4; a list of 2 or 3 numbers of hosts is accepted");
  CHECK(error_of(torus("[4, 0]")) ==
        "/dimensions/1: found the number 0; a whole number from 1 to 1048576 is accepted");
  CHECK(error_of(torus("[1, 1]")) ==
        "/dimensions: makes 1 host; 2 to 1048576 hosts in all are accepted");
  CHECK(error_of(torus("[1048576, 1048576, 1048576]")) ==
        "/dimensions: makes 1152921504606846976 hosts; 2 to 1048576 hosts in all are accepted");
  CHECK(error_of(torus("[4, 4]", R"(, "rank_order": "random")")) ==
        "/rank_order: found the string \"random\"; \"ring\" or \"row-major\" is accepted");
  CHECK(error_of(torus("[4, 4]", R"(, "hosts": 16)")) ==
        "/hosts: unknown key (did you mean \"host\"?); accepted keys: $schema, name, description, "
        "kind, gpu, library, nvls, dimensions, link, rank_order, link_exceptions, host, "
        "host_exceptions, "
        "calibration");
  CHECK(error_of(R"({"name": "n", "kind": "torus", "dimensions": [2, 2]})") ==
        "the key \"link\" is missing; add \"link\"");
  CHECK(error_of(R"({"name": "n", "kind": "torus"})") ==
        "the key \"dimensions\" is missing; add \"dimensions\"");
}
