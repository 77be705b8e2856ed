// Models of a link by message size and over time, and hosts that change their speed.
#include "tests/topologies/file.hpp"

#include <catch2/catch.hpp>

#include <utility>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// A ring of two whose links have these members beside 1 Gbit/s (125 MB/s) and 5 us.
std::string ring_with(const std::string& members) {
  return R"({"name": "n", "kind": "ring", "hosts": 2,
             "link": {"bandwidth": "1Gbps", "latency": "5us", )" +
         members + "}}";
}

using Steps = std::vector<std::pair<double, double>>;

/// Seconds and MB/s.
Steps steps_of(const std::vector<Change<BytesPerSecond>>& changes) {
  Steps steps;
  for (const auto& change : changes) steps.emplace_back(change.at.value, change.value.value / 1e6);
  return steps;
}

Steps capacity(const std::string& members) {
  return steps_of(capacity_over_time(loaded(ring_with(members)).links()[0]));
}

}  // namespace

TEST_CASE("Ethernet carries its headers beside the payload", "[link]") {
  // A frame of 1514 bytes carries 1448 bytes of payload, a jumbo frame of 9014 carries 8948.
  const auto link = loaded(ring_with(R"("medium": "ethernet", "mtu": 1500)")).links()[0];
  CHECK(link.bandwidth.value == Approx(125e6 * 1448. / 1514).epsilon(1e-12));
  CHECK(loaded(ring_with(R"("medium": "ethernet", "mtu": 9000)")).links()[0].bandwidth.value ==
        Approx(125e6 * 8948. / 9014).epsilon(1e-12));
}

TEST_CASE("the efficiency is taken off the bandwidth", "[link]") {
  const auto link = loaded(ring_with(R"("efficiency": 0.8)")).links()[0];
  CHECK(link.bandwidth == BytesPerSecond{100e6});
  CHECK(link.extras->efficiency == 0.8);
}

TEST_CASE("a message's cost follows the piece for its size", "[link]") {
  const auto topology = loaded(ring_with(
      R"("sizes": [{"from": "1000B", "latency": "10us", "bandwidth": "0.5Gbps"},
                   {"from": "1MB", "latency": "20us", "bandwidth": "1Gbps"}])"));
  const auto route = topology.route(0, 1);
  CHECK_FALSE(route.is_plain);
  CHECK(topology.features() == std::vector<std::string_view>{"sizes"});
  CHECK(topology.cost(route, {999}).latency == Seconds{5e-6});
  CHECK(topology.cost(route, {999}).work == 999);
  // Half the bandwidth: as if twice the bytes passed.
  CHECK(topology.cost(route, {1000}).latency == Seconds{10e-6});
  CHECK(topology.cost(route, {1000}).work == 2000);
  CHECK(topology.cost(route, {1000000}).latency == Seconds{20e-6});
  CHECK(topology.cost(route, {1000000}).work == 1e6);
}

TEST_CASE("on several links the latencies add up and the slowest decides", "[link]") {
  const auto topology = loaded(R"({"name": "n", "kind": "switch", "links": [
      {"bandwidth": "2Gbps", "latency": "1us",
       "sizes": [{"from": "0B", "latency": "3us", "bandwidth": "0.5Gbps"}]},
      {"bandwidth": "1Gbps", "latency": "5us"}]})");
  const auto route = topology.route(0, 1);
  CHECK(route.bandwidth == BytesPerSecond{125e6});
  const auto cost = topology.cost(route, {1000});
  CHECK(cost.latency.value == Approx(8e-6));
  // 1000 B at 62.5 MB/s take what 2000 B take at the route's 125 MB/s.
  CHECK(cost.work == Approx(2000));
}

TEST_CASE("capacity over time: profile, background traffic, outages", "[link]") {
  CHECK(capacity(R"("efficiency": 1)") == Steps{{0, 125}});
  CHECK(capacity(R"("efficiency": 0.5, "profile": [{"at": "2s", "bandwidth": "2Gbps"}])") ==
        Steps{{0, 62.5}, {2, 125}});
  CHECK(capacity(R"("profile": [{"at": "0s", "bandwidth": "2Gbps"}])") == Steps{{0, 250}});
  CHECK(capacity(R"("background": [{"bandwidth": "25MBps"},
                                   {"bandwidth": "50MBps", "from": "1s", "until": "3s"}],
                     "profile": [{"at": "2s", "bandwidth": "2Gbps"}])") ==
        Steps{{0, 100}, {1, 50}, {2, 175}, {3, 225}});
  CHECK(capacity(R"("outages": [{"from": "0s", "until": "1s"}, {"from": "2s", "until": "4s"}],
                     "profile": [{"at": "3s", "bandwidth": "2Gbps"},
                                 {"at": "4s", "bandwidth": "4Gbps"}])") ==
        Steps{{0, 0}, {1, 125}, {2, 0}, {4, 500}});
}

TEST_CASE("the integral of a link's capacity", "[link]") {
  const auto link = loaded(ring_with(R"("outages": [{"from": "1s", "until": "3s"}])")).links()[0];
  CHECK(capacity_until(link, {0.5}) == Approx(62.5e6));
  CHECK(capacity_until(link, {2}) == Approx(125e6));      // 1 s up, 1 s down
  CHECK(capacity_until(link, {4}) == Approx(2 * 125e6));  // 2 s up in all
}

TEST_CASE("a route has the least of its links' capacities at every time", "[link]") {
  const auto topology = loaded(R"({"name": "n", "kind": "switch", "links": [
      {"bandwidth": "80MBps", "latency": "1us", "profile": [{"at": "1s", "bandwidth": "20MBps"}]},
      {"bandwidth": "50MBps", "latency": "1us", "outages": [{"from": "2s", "until": "3s"}]}]})");
  CHECK(steps_of(topology.capacity_over_time(topology.route(0, 1))) ==
        Steps{{0, 50}, {1, 20}, {2, 0}, {3, 20}});
  const auto rising = loaded(ring_with(R"("profile": [{"at": "2s", "bandwidth": "2Gbps"}])"));
  CHECK(steps_of(rising.capacity_over_time(rising.route(0, 1))) == Steps{{0, 125}, {2, 250}});
  // The other way the links are those of the same cables, with the same profile and outage.
  CHECK(topology.features() == std::vector<std::string_view>{"profile", "outages"});
}

TEST_CASE("wrong models of links are errors", "[link]") {
  CHECK(error_of(ring_with(R"("medium": "ethernet")")) ==
        "/link: the key \"mtu\" is missing; add \"mtu\"");
  CHECK(error_of(ring_with(R"("mtu": 1500)")) ==
        "/link/mtu: \"mtu\" stands without \"medium\"; both or neither is accepted; add "
        "\"medium\": \"ethernet\"");
  CHECK(error_of(ring_with(R"("medium": "token ring", "mtu": 1500)")) ==
        "/link/medium: found the string \"token ring\"; \"ethernet\" is accepted");
  CHECK(
      error_of(ring_with(R"("medium": "ethernet", "mtu": 1500, "efficiency": 0.9)")) ==
      "/link/efficiency: \"efficiency\" stands beside \"medium\"; one of the two is accepted; both "
      "say what is left for payload");
  CHECK(error_of(ring_with(R"("medium": "ethernet", "mtu": 40)")) ==
        "/link/mtu: found the number 40; a whole number from 576 to 65535 is accepted");
  CHECK(error_of(ring_with(R"("efficiency": 1.5)")) ==
        "/link/efficiency: found the number 1.5; a number from 0.001 to 1 is accepted");
  const std::string piece = R"({"from": "1kB", "latency": "1us", "bandwidth": "1Gbps"})";
  CHECK(error_of(ring_with(R"("efficiency": 0.5, "sizes": [)" + piece + "]")) ==
        "/link/sizes: \"sizes\" stands beside \"efficiency\"; one of the two is accepted; put the "
        "efficiency into the pieces' bandwidth");
  CHECK(error_of(ring_with(R"("sizes": [)" + piece + "," + piece + "]")) ==
        "/link/sizes/1/from: found the string \"1kB\"; pieces in increasing order of size are "
        "accepted");
  CHECK(error_of(
            ring_with(R"("sizes": [{"from": "1kB", "latency": "1us", "bandwidth": "2Gbps"}])")) ==
        "/link/sizes/0/bandwidth: found the string \"2Gbps\"; at most the link's bandwidth, 1Gbps, "
        "is accepted");
  CHECK(error_of(ring_with(R"("sizes": [])")) ==
        "/link/sizes: found an empty list; a list of pieces is accepted");
  CHECK(
      error_of(ring_with(
          R"("profile": [{"at": "1s", "bandwidth": "1Gbps"}, {"at": "1s", "bandwidth": "2Gbps"}])")) ==
      "/link/profile/1/at: found the string \"1s\"; changes in increasing order of time are "
      "accepted");
  CHECK(error_of(ring_with(R"("outages": [{"from": "1s", "until": "1s"}])")) ==
        "/link/outages/0/until: found the string \"1s\"; a time after \"from\" is accepted");
  CHECK(
      error_of(ring_with(
          R"("outages": [{"from": "1s", "until": "2s"}, {"from": "2s", "until": "3s"}])")) ==
      "/link/outages/1/from: found the string \"2s\"; a time after the outage before has ended is "
      "accepted");
  CHECK(
      error_of(ring_with(
          R"("background": [{"bandwidth": "0.6Gbps"}, {"bandwidth": "0.6Gbps", "from": "1s"}])")) ==
      "/link/background: 1.2Gbps of traffic leaves nothing of 1Gbps at 1s; less than the link's "
      "bandwidth, times its efficiency, is accepted");
}

TEST_CASE("computing takes longer on a slow host, and from when it straggles", "[host]") {
  Host host;
  CHECK(compute_end(host, {1}, {2}) == Seconds{3});
  host.speed = 2;
  CHECK(compute_end(host, {1}, {2}) == Seconds{2});
  host.speed_changes = {{{2}, 0.5}, {{4}, 1}};
  CHECK(compute_end(host, {0}, {4}) == Seconds{2});  // done as the change comes
  // 2 s at speed 2 are 4, 2 s at 0.5 are 1, and the last 1 of 6 takes 1 s at speed 1.
  CHECK(compute_end(host, {0}, {6}) == Seconds{5});
  CHECK(compute_end(host, {3}, {0.25}) == Seconds{3.5});
  CHECK(compute_end(host, {10}, {1}) == Seconds{11});
}

TEST_CASE("wrong hosts are errors", "[host]") {
  const auto with_host = [](const std::string& host) {
    return R"({"name": "n", "kind": "ring", "hosts": 2, "host": )" + host +
           R"(, "link": {"bandwidth": "1Gbps", "latency": "5us"}})";
  };
  CHECK(error_of(with_host(R"({"speed": 0})")) ==
        "/host/speed: found the number 0; a number from 0.001 to 1000 is accepted");
  CHECK(error_of(with_host(R"({"profile": []})")) ==
        "/host/profile: found an empty list; a list of changes of speed is accepted");
  CHECK(error_of(
            with_host(R"({"profile": [{"at": "1s", "speed": 1}, {"at": "0.5s", "speed": 2}]})")) ==
        "/host/profile/1/at: found the string \"0.5s\"; changes in increasing order of time are "
        "accepted");
}
