// Links that several messages share, on all backends that take any program: what physics allows,
// and a plain max-min simulator.
#include "tests/random_cases.hpp"
#include "tests/sim/backend/passed.hpp"
#include "tests/sim/backend/sharing_case.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Compares `count` random cases, of which no two parts have one in common.
void compare_part(std::uint64_t part, std::uint64_t count) {
  std::uint64_t contended = 0;
  for (std::uint64_t seed = 10'000 * part; contended < count; ++seed) {
    const SharingCase drawn(seed);
    const auto& topology = *drawn.topology;
    if (!find_contention(topology, make_program(drawn.phases))) continue;
    ++contended;
    for (const auto* backend : backends()) {
      if (!backend->is_always_exact || backend->unavailable()) continue;
      INFO("seed " << seed << ", " << backend->name);
      const auto transfers = passed_on(*backend, topology, drawn.phases);
      REQUIRE(!transfers.empty());
      REQUIRE(highest_load(topology, transfers) <= 1 + 1e-9);
      REQUIRE(farthest_from_max_min(topology, transfers) <= 1e-12);
    }
  }
}

}  // namespace

TEST_CASE("max-min sharing by hand", "[sharing]") {
  // Links of 6 and 10 B/s. Flows a over both, b and c over the first, d over the second: the first
  // is full at 2 each, which leaves 8 for d. d's 8 bytes have passed after 1 s; then the first link
  // still gives 2 each, and all of 6 bytes end at 3 s. e begins at 2 s on the second link: 8 B/s
  // for 1 s, then 10 for what is left of 13 bytes.
  const std::vector<Flow> flows = {
      {0, 6, {0, 1}}, {0, 6, {0}}, {0, 6, {0}}, {0, 8, {1}}, {2, 13, {1}}};
  CHECK(max_min_ends({6, 10}, flows) == std::vector<double>{3, 3, 3, 1, 3.5});
}

TEST_CASE("a rank that sends to several peers at once fills no link over its capacity",
          "[sharing]") {
  // A switch of 1e9 B/s, 1 ms per link. 3 and 4 send 1 GB each to 2, and 5 and 6 to 1; half a
  // second later 0 sends 1 GB to each of the two. From 0.502 s on each way down has three flows of
  // a third of its bandwidth: 2/3 of 0's way up. 3 to 6 have sent 1/4 GB by then: they end after
  // another 2.25 s. 0's messages have 1/4 GB left, at half the bandwidth of the way up: 0.5 s more.
  const auto topology = switch_topology("switch", std::vector<Link>(7, {"host", {1e9}, {1e-3}}));
  const Bytes gigabyte{1'000'000'000};
  const auto first = call(std::make_shared<Scatter>(
      7, std::vector<Scatter::Sent>{
             {3, 2, gigabyte}, {4, 2, gigabyte}, {5, 1, gigabyte}, {6, 1, gigabyte}}));
  const auto second = call(
      std::make_shared<Scatter>(7, std::vector<Scatter::Sent>{{0, 1, gigabyte}, {0, 2, gigabyte}}));
  Phases phases(7, {{first}, {Delay{{0.5}}, second}});
  for (const auto* backend : backends()) {
    if (!backend->is_always_exact || backend->unavailable()) continue;
    INFO(backend->name);
    const auto transfers = passed_on(*backend, topology, phases);
    REQUIRE(transfers.size() == 6);
    for (const auto& transfer : transfers)
      CHECK(transfer.end == Approx(transfer.start == 0 ? 2.752 : 3.252).epsilon(1e-12));
    CHECK(highest_load(topology, transfers) <= 1 + 1e-12);
  }
}

TEST_CASE("links are shared max-min fairly in random cases", "[sharing]") {
  compare_part(0, random_cases(100));
}

TEST_CASE("links are shared max-min fairly in 1,000 random cases", "[.long]") {
  compare_part(GENERATE(range<std::uint64_t>(1, 11)), 100);
}
