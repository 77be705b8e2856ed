// What outages, profiles and stragglers cost, by hand.
#include "sim/backend/bottleneck.hpp"
#include "sim/fluid/fluid.hpp"
#include "tests/sim/simgrid/simgrid_end.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Two hosts; the link from 0 to 1 has 1e6 B/s, a latency of 0.1 s, and the extras.
Topology two_hosts(const LinkExtras& extras) {
  auto topology = uniform_ring(2, 1e6, 0.1);
  Link link = topology.links()[0];
  link.extras = std::make_shared<LinkExtras>(extras);
  topology.set_link(0, link);
  return topology;
}

LinkExtras outage(double from, double until) {
  LinkExtras extras;
  extras.outages = {{{from}, {until}}};
  return extras;
}

/// When the program ends, which is the same on all backends.
double end_of(const Topology& topology, const Phases& phases) {
  const double end = run_recurrence(topology, make_program(phases), {}).end.value;
  CHECK(simgrid_end(topology, phases) == Approx(end).epsilon(1e-9));
  CHECK(run_fluid_checked(topology, make_program(phases), {}).end.value ==
        Approx(end).epsilon(1e-12));
  return end;
}

/// Rank 0 sends 1 MB to rank 1, at `start`.
Phases one_megabyte(double start) {
  const auto sent = message(2, 0, 1, 1'000'000);
  return {{{Delay{{start}}, sent}}, {{sent}}};
}

}  // namespace

TEST_CASE("a message goes on where an outage stopped it, or is sent from its start", "[outages]") {
  // It flows from 0.1 s on; 0.4 MB have passed when the link goes down at 0.5 s. From 0.8 s on the
  // other 0.6 MB take 0.6 s; or all of it 1 s.
  auto topology = two_hosts(outage(0.5, 0.8));
  CHECK(end_of(topology, one_megabyte(0)) == Approx(1.4).epsilon(1e-9));
  topology.set_after_outage(AfterOutage::restart);
  CHECK(end_of(topology, one_megabyte(0)) == Approx(1.8).epsilon(1e-9));
}

TEST_CASE("the latency of a message passes while a link is down", "[outages]") {
  // Posted at 0.5 s or 0.75 s, in the outage: bytes flow from 0.8 s, or from 0.85 s.
  for (const auto after : {AfterOutage::resume, AfterOutage::restart}) {
    auto topology = two_hosts(outage(0.45, 0.8));
    topology.set_after_outage(after);
    CHECK(end_of(topology, one_megabyte(0.5)) == Approx(1.8).epsilon(1e-9));
    CHECK(end_of(topology, one_megabyte(0.75)) == Approx(1.85).epsilon(1e-9));
  }
}

TEST_CASE("a second outage stops a message once more", "[outages]") {
  // 0.1-0.5 s: 0.4 MB; 0.8-1.0 s: 0.2 MB; from 1.1 s on the other 0.4 MB. Restarted, all from 1.1
  // s.
  LinkExtras extras = outage(0.5, 0.8);
  extras.outages.push_back({{1.0}, {1.1}});
  auto topology = two_hosts(extras);
  CHECK(end_of(topology, one_megabyte(0)) == Approx(1.5).epsilon(1e-9));
  topology.set_after_outage(AfterOutage::restart);
  CHECK(end_of(topology, one_megabyte(0)) == Approx(2.1).epsilon(1e-9));
}

TEST_CASE("an outage of a ring's link stops the ring, and the bottleneck says so", "[outages]") {
  // 4 ranks, 1e6 B/s, no latency, 4 MB: 6 rounds of 1 s. Link 2 is down from 2.5 s to 12.5 s, so
  // its message of round 2 ends at 13 s, and all others wait for it: 16 s.
  auto topology = uniform_ring(4, 1e6, 0);
  Link link = topology.links()[2];
  link.extras = std::make_shared<LinkExtras>(outage(2.5, 12.5));
  topology.set_link(2, link);
  const auto all_reduce = call(make_ring_all_reduce(4, 1'000'000, Bytes{4}));
  const Phases phases(4, {{all_reduce}});
  CHECK(end_of(topology, phases) == Approx(16).epsilon(1e-9));
  const auto result = run_recurrence(topology, make_program(phases), {.wants_critical_path = true});
  const auto bottleneck = find_bottleneck(*result.critical_path, topology);
  CHECK(bottleneck.kind == "link");
  CHECK(bottleneck.name == "link2");
  CHECK(bottleneck.share == Approx(1));
  // Rounds 0 and 1 and those from 3 on may be any link's; the 11 s of round 2 are link 2's.
  CHECK(result.critical_path->times.from_to.at({2, 3}).transfer.value >= 11 - 1e-9);
}

TEST_CASE("background traffic and profiles slow a message while it flows", "[outages]") {
  // 0.1-0.6 s at 1e6 B/s: 0.5 MB; 0.25e6 B/s until 1.6 s: 0.25 MB; 2e6 B/s: 0.125 s.
  LinkExtras extras;
  extras.profile = {{{0.6}, {0.25e6}}, {{1.6}, {2e6}}};
  CHECK(end_of(two_hosts(extras), one_megabyte(0)) == Approx(1.725).epsilon(1e-9));
}

TEST_CASE("a message takes the latency and bandwidth of its size", "[outages]") {
  // From 1000 B on: 0.2 s + 1e6 B / 0.5e6 B/s; below: 0.1 s + 999 B / 1e6 B/s.
  LinkExtras extras;
  extras.pieces = {{{1000}, {0.2}, {0.5e6}}};
  const auto topology = two_hosts(extras);
  CHECK(end_of(topology, one_megabyte(0)) == Approx(2.2).epsilon(1e-9));
  const auto small = message(2, 0, 1, 999);
  CHECK(end_of(topology, {{{small}}, {{small}}}) == Approx(0.100999).epsilon(1e-9));
}

TEST_CASE("a straggler computes at its speed of the moment", "[outages]") {
  // Speed 1 until 1 s, then 0.25: of 2 s of work 1 s is left, which takes 4 s.
  auto topology = uniform_ring(2, 1e6, 0);
  Host host;
  host.speed_changes = {{{1}, 0.25}};
  topology.set_host(0, host);
  CHECK(end_of(topology, {{{Delay{{2}}}}, {{Delay{{3}}}}}) == Approx(5).epsilon(1e-9));
}

TEST_CASE("reducing takes bytes over the host's rate", "[outages]") {
  // A message of 1 s; then rank 1 adds up 1 MB at 4e6 B/s.
  auto topology = uniform_ring(2, 1e6, 0);
  Host host;
  host.reduce_rate = {4e6};
  topology.set_host(1, host);
  const auto sent = call(std::make_shared<OneMessage>(2, 0, 1, Bytes{1'000'000}, Bytes{1'000'000}));
  CHECK(end_of(topology, {{{sent}}, {{sent}}}) == Approx(1.25).epsilon(1e-9));
}
