// When steps begin and updates arrive where hosts die, by hand.
#include "sim/fluid/fluid.hpp"
#include "sim/timing/late_steps.hpp"
#include "tests/child_numbers.hpp"
#include "tests/sim/timing/late_steps.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Numbers of a run, which both backends in which hosts may die give alike.
ChildResult run_in_child(const Topology& topology, const LateSchedule& schedule, std::size_t bytes,
                         const std::function<std::vector<double>(const Happened&)>& numbers_of,
                         const ComputeModel& compute = {.time = Seconds{1}}) {
  const auto run = [&](Run backend) {
    return run_child(
        [&] { return numbers_of(run_steps(backend, topology, schedule, bytes, compute)); });
  };
  auto fluid = run(run_fluid_checked);
  const auto simgrid = run(run_simgrid);
  CHECK(fluid.error == simgrid.error);
  REQUIRE(fluid.values.size() == simgrid.values.size());
  for (std::size_t i = 0; i < fluid.values.size(); ++i)
    CHECK(fluid.values[i] == Approx(simgrid.values[i]).epsilon(1e-9));
  return fluid;
}

/// When updates arrived at a rank.
std::vector<double> applied(const Happened& happened, Rank rank, std::uint64_t updates) {
  std::vector<double> times;
  for (std::uint64_t i = 0; i < updates; ++i) times.push_back(happened.apply.at({rank, i}));
  return times;
}

/// A run in one bucket: per rank that lives, when its steps began (for the last time) and when
/// updates arrived, and the end.
ChildResult run_with_deaths(const Topology& topology, const LateSchedule& schedule,
                            std::size_t bytes, const std::vector<Rank>& living) {
  return run_in_child(topology, schedule, bytes, [&](const Happened& happened) {
    std::vector<double> numbers;
    for (const Rank rank : living) {
      for (std::uint64_t step = 0; step < schedule.steps; ++step)
        numbers.push_back(happened.begin.at({rank, step}));
      const auto times = applied(happened, rank, schedule.steps);
      numbers.insert(numbers.end(), times.begin(), times.end());
    }
    numbers.push_back(happened.timing.end.value);
    return numbers;
  });
}

/// S = 1, without a quorum.
LateSchedule three_ranks(std::uint64_t steps, Seconds detection = Seconds{3}) {
  return {.steps = steps, .staleness = 1, .ranks = 3, .quorum = 3, .detection = detection};
}

Topology ring_where_dies(Rank ranks, Rank rank, double time) {
  auto topology = uniform_ring(ranks, 1e6, 0);
  Host host;
  host.dies = Seconds{time};
  topology.set_host(rank, host);
  return topology;
}

}  // namespace

TEST_CASE("after a death gradients that are in hand are exchanged by those that are left",
          "[late][program]") {
  // Three ranks all-reduce 3 MB in 4 rounds of 1 MB: 4 s. S = 1: steps 0 and 1 begin at 0 s and 1
  // s; exchange 0 from 1 s to 5 s, when step 2 begins; exchange 1 from 5 s on. Rank 2 dies at 6.5
  // s; at 9.5 s ranks 0 and 1 begin exchange 1 again, by two: 2 rounds of 1.5 MB, 3 s. They have
  // had the gradient of step 2 since 6 s. Step 3 begins with the arrival of update 1.
  const auto child = run_with_deaths(ring_where_dies(3, 2, 6.5), three_ranks(4), 3'000'000, {0, 1});
  check_numbers(child, {0, 1, 5, 12.5, 5, 12.5, 15.5, 18.5,  //
                        0, 1, 5, 12.5, 5, 12.5, 15.5, 18.5, 18.5});
}

TEST_CASE("a death begins a step again with its first bucket", "[late][program]") {
  // As in the first case with two buckets of 3 MB, ready at 1 s, 2 s, ...: exchanges of 4 s from 1
  // s, 5 s, ... on; step 2 begins with the second, at 9 s. Rank 2 dies at 10 s, in the exchange of
  // the first bucket of step 1 (since 9 s). At 13 s that begins again, by two: 3 s each.
  auto schedule = three_ranks(3);
  schedule.buckets = 2;
  const auto child = run_in_child(ring_where_dies(3, 2, 10), schedule, 3'000'000,
                                  [](const Happened& happened) { return applied(happened, 0, 6); });
  check_numbers(child, {5, 9, 16, 19, 22, 25});
}

TEST_CASE("a gradient of which a bucket is missing when a death is noticed is computed again",
          "[late][program]") {
  // Buckets of 3 MB are ready at 0.5 s and 1 s of a step; three ranks take 4 s to exchange one.
  // Rank 2 dies at 0.6 s, in the exchange of the first bucket of step 0 since 0.5 s; S = 1: at 1.6
  // s ranks 0 and 1 have the gradient of step 0, and of step 1 (since 1 s) the first bucket alone,
  // which they compute again until 2.1 s and 2.6 s. By two a bucket takes 3 s: from 1.6 s on.
  auto schedule = three_ranks(2, Seconds{1});
  schedule.buckets = 2;
  const auto child = run_in_child(
      ring_where_dies(3, 2, 0.6), schedule, 3'000'000,
      [](const Happened& happened) {
        auto numbers = applied(happened, 0, 4);
        numbers.insert(numbers.end(), {happened.begin.at({0, 1}), happened.ready.at({0, 2}),
                                       happened.ready.at({0, 3})});
        return numbers;
      },
      {.time = Seconds{1}, .overlap = Overlap{.ready = {Seconds{0.5}, Seconds{1}}}});
  check_numbers(child, {4.6, 7.6, 10.6, 13.6, 1.6, 2.1, 2.6});
}

TEST_CASE("an exchange that opens when a death is noticed waits for no dead rank",
          "[late][program]") {
  // Rank 2 dies at 0.5 s, before it has any gradient; exchange 0 never opens. At 3.5 s ranks 0 and
  // 1 have the gradients of steps 0 and 1 (S = 1): exchange 0 by two, 3 s, until 6.5 s, when step 2
  // begins, while exchange 1 goes on until 9.5 s.
  const auto child = run_with_deaths(ring_where_dies(3, 2, 0.5), three_ranks(3), 3'000'000, {0, 1});
  check_numbers(child, {0, 1, 6.5, 6.5, 9.5, 12.5, 0, 1, 6.5, 6.5, 9.5, 12.5, 12.5});
}

TEST_CASE("a death after the last update changes nothing", "[late][program]") {
  // A quorum of one of two ranks; the network takes no time. Rank 1 computes 5 s a step, when rank
  // 0, which has ended all at 2 s, dies at 3 s.
  auto topology = uniform_ring(2, 1e18, 0);
  Host dies, slow;
  dies.dies = Seconds{3};
  slow.speed = 0.2;
  topology.set_host(0, dies);
  topology.set_host(1, slow);
  const auto child = run_in_child(
      topology, {.steps = 2, .staleness = 0, .ranks = 2, .quorum = 1, .detection = Seconds{1}},
      4000, [](const Happened& happened) -> std::vector<double> {
        return {happened.apply.at({1, 1}), happened.timing.end.value};
      });
  check_numbers(child, {2, 2});
}

TEST_CASE("after a death a rank without gradients waits for no update of before",
          "[late][program]") {
  // Three ranks all-reduce 3 MB: 4 s. S = 1: update 0 arrives at 5 s, when step 2 begins; exchange
  // 1 from 5 s on. Rank 2 dies at 5.2 s and at 5.7 s ranks 0 and 1 have the gradient of step 1 and
  // compute step 2 again, until 6.7 s. Exchange 1 by two: 3 s, until 8.7 s, when step 3 begins.
  const auto child =
      run_with_deaths(ring_where_dies(3, 2, 5.2), three_ranks(4, Seconds{0.5}), 3'000'000, {0, 1});
  check_numbers(child, {0, 1, 5.7, 8.7, 5, 8.7, 11.7, 14.7,  //
                        0, 1, 5.7, 8.7, 5, 8.7, 11.7, 14.7, 14.7});
}

TEST_CASE("a quorum that needs more ranks than live is one of all that live", "[late][program]") {
  // Ranks 1 and 2 of four die, a quorum is three: from 3.5 s on two are enough. The network takes
  // no time.
  auto topology = uniform_ring(4, 1e18, 0);
  Host host;
  host.dies = Seconds{0.5};
  topology.set_host(1, host);
  topology.set_host(2, host);
  const auto child = run_with_deaths(
      topology, {.steps = 2, .staleness = 0, .ranks = 4, .quorum = 3, .detection = Seconds{3}},
      4000, {0, 3});
  check_numbers(child, {0, 3.5, 3.5, 4.5, 0, 3.5, 3.5, 4.5, 4.5});
}

TEST_CASE("ranks that all die before the first update are not those that end last",
          "[late][program]") {
  // Ranks 0 and 1 of four die at 0.5 s and have applied nothing. At 3.5 s ranks 2 and 3 compute
  // again: they have the gradients of steps 0 and 1 (S = 1). The network takes no time.
  auto topology = uniform_ring(4, 1e18, 0);
  Host host;
  host.dies = Seconds{0.5};
  topology.set_host(0, host);
  topology.set_host(1, host);
  const auto child = run_with_deaths(
      topology, {.steps = 2, .staleness = 1, .ranks = 4, .quorum = 4, .detection = Seconds{3}},
      4000, {2, 3});
  check_numbers(child, {0, 1, 3.5, 3.5, 0, 1, 3.5, 3.5, 3.5});
}

TEST_CASE("the exchange of a late step that begins again is the one that ends", "[late][program]") {
  // Two buckets of 3 MB by three: 4 s each, from 1 s and from 5 s on. Rank 2 dies at 6 s, in the
  // second; at 9 s both begin again, by two: 3 s each.
  auto schedule = three_ranks(1);
  schedule.buckets = 2;
  const auto child = run_in_child(ring_where_dies(3, 2, 6), schedule, 3'000'000,
                                  [](const Happened& happened) -> std::vector<double> {
                                    const auto& step = happened.timing.steps.front();
                                    return {step.total.value, step.exchange.value};
                                  });
  check_numbers(child, {15, 6});
}

TEST_CASE("after a death a rank with nothing in hand begins a step that it can be in time for",
          "[late][program]") {
  // Rank 2 of four dies at 0.5 s, a quorum is two; rank 3 computes 10 s a step. At 3.5 s ranks 0
  // and 1 have their gradients of step 0 and exchange them at once: rank 3 begins with step 1.
  auto topology = uniform_ring(4, 1e18, 0);
  Host dies, slow;
  dies.dies = Seconds{0.5};
  slow.speed = 0.1;
  topology.set_host(2, dies);
  topology.set_host(3, slow);
  const auto child = run_in_child(
      topology, {.steps = 3, .staleness = 0, .ranks = 4, .quorum = 2, .detection = Seconds{3}},
      4000, [](const Happened& happened) -> std::vector<double> {
        return {happened.begin.at({3, 0}), happened.begin.at({3, 1}),
                static_cast<double>(happened.begin.count({3, 2})), happened.timing.end.value};
      });
  check_numbers(child, {0, 3.5, 0, 5.5});
}
