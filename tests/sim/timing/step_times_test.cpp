// What a step's time is spent on, by hand.
#include "sim/timing/step_times.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <vector>

using namespace ringsim;

TEST_CASE("what intervals have within a window and in common", "[timing]") {
  const std::vector<TimeInterval> intervals = {{{0}, {2}}, {{3}, {5}}, {{8}, {9}}};
  CHECK(length_within(intervals, {{1}, {4}}) == Seconds{2});  // 1-2 and 3-4
  CHECK(length_within(intervals, {{5}, {8}}) == Seconds{0});
  const auto both = intersection(intervals, {{{1}, {4}}, {{8.5}, {20}}});
  REQUIRE(both.size() == 3);
  CHECK(both[0].from == Seconds{1});
  CHECK(both[0].until == Seconds{2});
  CHECK(both[1].from == Seconds{3});
  CHECK(both[1].until == Seconds{4});
  CHECK(both[2].from == Seconds{8.5});
  CHECK(both[2].until == Seconds{9});
}

TEST_CASE("what neither computes nor prunes is exposed exchange", "[timing]") {
  ExchangeTimes exchanges(2);
  exchanges.add(
      {.step = 1, .phase = "values", .bucket = 0, .start = Seconds{5}, .end = Seconds{8}});
  const auto times = step_times(
      {{.compute = {1}, .prune = {2}, .end = {3}}, {.compute = {2}, .prune = {1}, .end = {9}}},
      exchanges);
  REQUIRE(times.size() == 2);
  CHECK(times[0].start == Seconds{0});
  CHECK(times[0].total == Seconds{3});
  CHECK(times[0].exchange == Seconds{0});
  CHECK(times[0].exposed_exchange == Seconds{0});
  CHECK(times[1].start == Seconds{3});
  CHECK(times[1].total == Seconds{6});
  CHECK(times[1].exchange == Seconds{3});
  CHECK(times[1].exposed_exchange == Seconds{3});
}

TEST_CASE("the first of those that end last, of which no dead one is", "[timing]") {
  CHECK(last_to_end({Seconds{1}, Seconds{3}, std::nullopt, Seconds{3}}) == 1);
  CHECK(last_to_end({std::nullopt, Seconds{0}}) == 1);
}
