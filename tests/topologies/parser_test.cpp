#include "base/text.hpp"
#include "tests/topologies/file.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

using namespace ringsim::test;

namespace {

const std::string good_link = R"({"bandwidth": "1Gbps", "latency": "5us"})";

}  // namespace

TEST_CASE("a uniform ring is read", "[parser]") {
  const File file(
      R"({"$schema": "x", "name": "n", "description": "d", "kind": "ring", "hosts": 3, "link": )" +
      good_link + R"(, "gpu": "a100"})");
  const auto topology = load_topology(file.path);
  CHECK(topology.name() == "n");
  CHECK(topology.description() == "d");
  CHECK(topology.gpu() == "a100");
  REQUIRE(topology.hosts() == 3);
  CHECK(topology.links()[2].name == "link2");
  CHECK(topology.links()[2].bandwidth == BytesPerSecond{125e6});
  CHECK(topology.links()[2].latency == Seconds{5e-6});
}

TEST_CASE("wrong topology files are errors with file, place and mend", "[parser]") {
  CHECK(error_of("{\n  \"name\": \"n\",\n  \"kind\" \"ring\"\n}")
            .rfind("line 3, column 10: broken JSON: ", 0) == 0);
  const std::string kinds = "; accepted: " + join(topology_kind_names(), ", ");
  CHECK(kinds.starts_with("; accepted: ring, switch, hierarchical, fat-tree"));
  CHECK(error_of(R"({"name": "n"})") ==
        "the key \"kind\" is missing" + kinds + "; add \"kind\": \"ring\"");
  CHECK(error_of(R"({"name": "n", "kind": "star"})") == "/kind: unknown kind \"star\"" + kinds);
  CHECK(error_of(R"({"name": "n", "kind": "fat tree"})") ==
        "/kind: unknown kind \"fat tree\" (did you mean \"fat-tree\"?)" + kinds);
  CHECK(error_of(R"({"name": "n", "kind": "ring", "hostz": 3, "link": )" + good_link + "}") ==
        "/hostz: unknown key (did you mean \"hosts\"?); accepted keys: $schema, name, description, "
        "kind, gpu, library, nvls, hosts, link, links, link_exceptions, host, host_exceptions, "
        "calibration");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "hosts": 1, "link": )" + good_link + "}") ==
        "/hosts: found the number 1; a whole number from 2 to 1048576 is accepted");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "links": [)" + good_link + "]}") ==
        "/links: found 1 link; 2 to 1048576 hosts, with a link each, are accepted");
  CHECK(
      error_of(
          R"({"name": "n", "kind": "ring", "hosts": 2, "link": {"bandwidth": 10, "latency": "5us"}})") ==
      "/link/bandwidth: found the number 10; a bandwidth such as \"10Gbps\" is accepted; write it "
      "as a string with "
      "its unit");
  CHECK(
      error_of(
          R"({"name": "n", "kind": "ring", "hosts": 2, "link": {"bandwidth": "10", "latency": "5us"}})") ==
      "/link/bandwidth: \"10\" has no unit; a bandwidth above zero such as 10Gbps or 1.25GBps is "
      "accepted; write the "
      "unit after the number");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "links": [)" + good_link +
                 R"(, {"bandwidth": "-1Gbps", "latency": "5us"}]})") ==
        "/links/1/bandwidth: \"-1Gbps\" is negative; a bandwidth above zero such as 10Gbps or "
        "1.25GBps is accepted");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "hosts": 2, "link": {"bandwidth": "1Gbps"}})") ==
        "/link: the key \"latency\" is missing; add \"latency\"");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "hosts": 2})") ==
        "the key \"link\" is missing; add \"link\"");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "hosts": 2, "links": [], "link": )" + good_link +
                 "}") ==
        "/links: \"links\" stands beside \"hosts\" or \"link\"; either \"hosts\" and \"link\" (all "
        "links alike), or "
        "\"links\" (one entry per link) is accepted; remove one of the two");
  const std::string twice = R"({"name": "a", "bandwidth": "1Gbps", "latency": "5us"})";
  CHECK(error_of(R"({"name": "n", "kind": "ring", "links": [)" + twice + "," + twice + "]}") ==
        "/links/1: the name \"a\" stands twice; a name of its own for each link; rename one of the "
        "two");
  CHECK(error_of(R"({"name": "n", "kind": "ring", "hosts": 2, "link": )" + twice + "}") ==
        "/link/name: unknown key; accepted keys: bandwidth, latency, efficiency, sizes, profile, "
        "outages, background, medium, mtu");
}
