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
  const auto times = step_times({{.compute = {1}, .compress = {2}, .end = Seconds{3}},
                                 {.compute = {2}, .compress = {1}, .end = Seconds{9}}},
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

TEST_CASE("a rounding error is no exposed exchange, of either sign", "[timing]") {
  const RankStep step{.compute = {0.1}, .compress = {0.2}, .end = {}};
  // 0.1 + 0.2 is above 0.3 by an error of rounding; the end of a later step has errors of its own.
  CHECK(step_time(Seconds{0}, step, Seconds{0.3}, Seconds{0}).exposed_exchange == Seconds{0});
  CHECK(step_time(Seconds{0}, step, Seconds{0.3 + 1e-16}, Seconds{0}).exposed_exchange ==
        Seconds{0});
  CHECK(step_time(Seconds{1}, step, Seconds{1.3000000000000005}, Seconds{0}).exposed_exchange ==
        Seconds{0});
  // A nanosecond is none.
  CHECK(step_time(Seconds{1}, step, Seconds{1.300000001}, Seconds{1e-9}).exposed_exchange.value ==
        Approx(1e-9).epsilon(1e-6));
}

namespace {

/// What `rank` does in its one step: the computing time, and the end where it has one.
RankStep computes(double compute, std::optional<double> end) {
  return {.compute = {compute},
          .compress = {},
          .end = end ? std::optional(Seconds{*end}) : std::nullopt};
}

std::vector<double> compute_and_end(const std::vector<RankStep>& steps) {
  std::vector<double> numbers;
  for (const auto& step : steps) {
    numbers.push_back(step.compute.value);
    numbers.push_back(step.end.value().value);
  }
  return numbers;
}

}  // namespace

TEST_CASE("the rank that ends last holds up the run", "[timing]") {
  const auto steps =
      steps_that_hold_up({{computes(3, 4), computes(1, 2)}, {computes(1, 6), computes(2, 7)}});
  CHECK(compute_and_end(steps) == std::vector<double>{1, 2, 2, 7});
}

TEST_CASE("of ranks that end together the one that was ready last holds up the run", "[timing]") {
  // Rank 1 is the slowest in the first step, rank 2 in the second. 7 and 7 (1 + 1e-15) are equal
  // but for rounding.
  const auto steps =
      steps_that_hold_up({{computes(1, 3), computes(2, 3), computes(1, 3)},
                          {computes(1, 7 * (1 + 1e-15)), computes(1, 7), computes(3, 7)}});
  CHECK(compute_and_end(steps) == std::vector<double>{2, 3, 3, 7});
  // It began later: it is ready last, although others compute for longer.
  const auto later =
      steps_that_hold_up({{computes(1, 1), computes(3, 3)}, {computes(2, 6), computes(1, 6)}});
  CHECK(compute_and_end(later) == std::vector<double>{3, 3, 1, 6});
}

TEST_CASE("a dead rank holds up no step that it has not ended", "[timing]") {
  const auto steps = steps_that_hold_up(
      {{computes(1, 3), computes(2, 3)}, {computes(1, 5), computes(2, std::nullopt)}});
  CHECK(compute_and_end(steps) == std::vector<double>{2, 3, 1, 5});
}
