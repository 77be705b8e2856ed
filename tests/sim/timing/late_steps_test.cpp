// When steps begin and updates arrive where steps do not wait for their exchanges, by hand.
#include "sim/timing/late_steps.hpp"

#include "sim/fluid/fluid.hpp"
#include "sim/timing/step_timing.hpp"
#include "tests/child.hpp"
#include "tests/sim/timing/late_steps.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace ringsim;
using namespace ringsim::test;

namespace {

void check_times(const std::map<std::pair<Rank, std::uint64_t>, double>& found, Rank rank,
                 const std::vector<double>& expected) {
  INFO("rank " << rank);
  for (std::uint64_t step = 0; step < expected.size(); ++step) {
    INFO("step " << step);
    REQUIRE(found.contains({rank, step}));
    CHECK(found.at({rank, step}) == Approx(expected[step]).margin(1e-9));
  }
}

}  // namespace

TEST_CASE("a slow network holds a step back until the update S+1 before it has arrived",
          "[late][program]") {
  // Two ranks all-reduce 4 MB at 1e6 B/s in 2 rounds of 2 MB: 4 s. With S = 2 steps 0, 1 and 2
  // begin one after the other; exchange 0 runs from 1 s to 5 s, the next ones right behind; step 3
  // begins with the arrival of update 0, step 4 with that of update 1.
  const auto happened = run_steps(run_recurrence, uniform_ring(2, 1e6, 0),
                                  {.steps = 5, .staleness = 2, .ranks = 2, .quorum = 2}, 4'000'000);
  for (const Rank rank : {0U, 1U}) {
    check_times(happened.begin, rank, {0, 1, 2, 5, 9});
    check_times(happened.ready, rank, {1, 2, 3, 6, 10});
    check_times(happened.apply, rank, {5, 9, 13, 17, 21});
  }
  // Steps 0 to 2 compute for 3 of the 5 s until update 0 arrives; then 1 s of each 4 s computes.
  const auto& steps = happened.timing.steps;
  CHECK(happened.timing.end == Seconds{21});
  CHECK(steps[0].compute.value == Approx(3));
  CHECK(steps[0].exposed_exchange.value == Approx(2));
  CHECK(steps[1].compute.value == Approx(1));
  CHECK(steps[1].exposed_exchange.value == Approx(3));
  CHECK(steps[3].compute.value == Approx(0).margin(1e-12));
  CHECK(steps[3].total.value == Approx(4));
  CHECK(steps[3].exchange.value == Approx(4));
}

TEST_CASE("a fast network leaves every update one step late, whatever S", "[late][program]") {
  // 0.5 MB: 0.5 s, while the next step, which has begun already, computes.
  const auto staleness = GENERATE(std::uint64_t{1}, std::uint64_t{8});
  const auto happened =
      run_steps(run_recurrence, uniform_ring(2, 1e6, 0),
                {.steps = 4, .staleness = staleness, .ranks = 2, .quorum = 2}, 500'000);
  check_times(happened.begin, 0, {0, 1, 2, 3});
  check_times(happened.apply, 0, {1.5, 2.5, 3.5, 4.5});
  CHECK(happened.timing.steps[1].exposed_exchange.value == Approx(0).margin(1e-12));
  CHECK(happened.timing.steps[3].exposed_exchange.value == Approx(0.5));
}

TEST_CASE("without staleness steps have the times of the synchronous program", "[late][program]") {
  const auto topology = make_ring({1e6, 2e6, 1e6, 3e6}, {1e-3, 2e-3, 1e-3, 1e-3});
  const auto happened = run_steps(run_recurrence, topology,
                                  {.steps = 3, .staleness = 0, .ranks = 4, .quorum = 4}, 4'000'000);
  const std::vector<Stage> stages = {{"values", AllReduce{1'000'000, Bytes{4}}}};
  const StepPlans plans(std::vector(3, plan_step(stages, 4, {&find_collective("ring"), {}}, {})));
  const auto timing = time_steps(topology, plans, 4, {.time = Seconds{1}}, run_recurrence);
  // No rank is ready before another one, so the barrier changes nothing... but for the second step
  // on, where it makes the ranks whose links are faster wait for the others.
  CHECK(happened.timing.steps[0].total.value == Approx(timing.steps[0].total.value));
  CHECK(happened.timing.end.value >= timing.end.value * (1 - 1e-12));
}

TEST_CASE("with a quorum a slow rank goes on with the first exchange that has not started",
          "[late][program]") {
  // Rank 2 computes 2.2 s a step, the others 1 s; the network takes no time. Exchange e opens at
  // e+1. Rank 2 has step 0 at 2.2 s, when exchanges 0 and 1 have started, goes on with step 2, has
  // it at 4.4 s and goes on with step 4.
  auto topology = uniform_ring(3, 1e18, 0);
  Host slow;
  slow.speed = 1 / 2.2;
  topology.set_host(2, slow);
  const auto happened = run_steps(run_recurrence, topology,
                                  {.steps = 6, .staleness = 0, .ranks = 3, .quorum = 2}, 4000);
  check_times(happened.begin, 0, {0, 1, 2, 3, 4, 5});
  check_times(happened.apply, 2, {1, 2, 3, 4, 5, 6});
  std::vector<std::uint64_t> begun;
  for (const auto& [what, time] : happened.begin) {
    if (what.first == 2) begun.push_back(what.second);
  }
  CHECK(begun == std::vector<std::uint64_t>{0, 2, 4});
  CHECK(happened.begin.at({2, 4}) == Approx(4.4));
  // It computes on after the last update, which ends the run.
  CHECK(happened.timing.end.value == Approx(6));
}

TEST_CASE("buckets are exchanged while later ones are computed, and applied one by one",
          "[late][program]") {
  // Two ranks all-reduce 1 MB a bucket in 2 rounds of 0.5 MB: 1 s. Buckets are ready at 0.25 s and
  // 0.75 s of a step of 1 s. S = 1: exchanges run from 0.25 s on, 1 s each; update 0 is whole at
  // 2.25 s, when step 2 begins; its buckets are ready at 2.5 s and 3 s. The next exchanges have
  // been waiting for the network. Step 3 begins with update 1 at 4.25 s.
  const auto happened =
      run_steps(run_recurrence, uniform_ring(2, 1e6, 0),
                {.steps = 4, .staleness = 1, .buckets = 2, .ranks = 2, .quorum = 2}, 1'000'000,
                {.time = Seconds{1}, .overlap = Overlap{.ready = {Seconds{0.25}, Seconds{0.75}}}});
  for (const Rank rank : {0U, 1U}) {
    check_times(happened.begin, rank, {0, 1, 2.25, 4.25});
    check_times(happened.ready, rank, {0.25, 0.75, 1.25, 1.75, 2.5, 3, 4.5, 5});
    check_times(happened.apply, rank, {1.25, 2.25, 3.25, 4.25, 5.25, 6.25, 7.25, 8.25});
  }
  CHECK(happened.timing.end == Seconds{8.25});
  CHECK(happened.timing.steps[0].compute.value == Approx(2));
  CHECK(happened.timing.steps[1].total.value == Approx(2));
}

TEST_CASE("buckets that do not overlap are exchanged one after the other", "[late][program]") {
  // As above, but ready at the end of a step: exchanges from 1 s on.
  const auto happened =
      run_steps(run_recurrence, uniform_ring(2, 1e6, 0),
                {.steps = 3, .staleness = 1, .buckets = 2, .ranks = 2, .quorum = 2}, 1'000'000);
  check_times(happened.begin, 0, {0, 1, 3});
  check_times(happened.ready, 0, {1, 1, 2, 2, 4, 4});
  check_times(happened.apply, 0, {2, 3, 4, 5, 6, 7});
}

TEST_CASE("a rank that is late for a quorum goes on with a step of which no bucket has started",
          "[late][program]") {
  // The others compute 1 s a step, and buckets are ready half way and at the end; the network takes
  // no time. Where rank 2 computes 2.2 s, it has step 0 at 2.2 s, when the first bucket of step 2
  // is still to come (at 2.5 s): it goes on with step 2, at 4.4 s with step 4. Where it
  // computes 2.7 s, that bucket has started: it goes on with step 3, with update 2 at 3 s, and has
  // it at 5.7 s, when the last step's first bucket has started.
  const auto [seconds, goes_on_with] =
      GENERATE(table<double, std::vector<std::uint64_t>>({{2.2, {0, 2, 4}}, {2.7, {0, 3}}}));
  auto topology = uniform_ring(3, 1e18, 0);
  Host slow;
  slow.speed = 1 / seconds;
  topology.set_host(2, slow);
  const auto happened = run_steps(
      run_recurrence, topology, {.steps = 6, .staleness = 0, .buckets = 2, .ranks = 3, .quorum = 2},
      4000, {.time = Seconds{1}, .overlap = Overlap{.ready = {Seconds{0.5}, Seconds{1}}}});
  check_times(happened.begin, 0, {0, 1, 2, 3, 4, 5});
  std::vector<std::uint64_t> begun;
  for (const auto& [what, time] : happened.begin) {
    if (what.first == 2) begun.push_back(what.second);
  }
  CHECK(begun == goes_on_with);
  CHECK(happened.timing.end.value == Approx(6));
}

TEST_CASE("all backends run late steps alike", "[late][program]") {
  const auto quorum = GENERATE(Rank{4}, Rank{3});
  auto topology = make_ring({1e6, 2e6, 1e6, 3e6}, {1e-3, 2e-3, 1e-3, 1e-3});
  Host slow;
  slow.speed_changes = {{Seconds{2.5}, 0.3}, {Seconds{12.1}, 1}};
  topology.set_host(1, slow);
  const auto buckets = GENERATE(std::size_t{1}, std::size_t{3});
  const LateSchedule schedule{
      .steps = 12, .staleness = 3, .buckets = buckets, .ranks = 4, .quorum = quorum};
  ComputeModel compute{.time = Seconds{1}};
  if (buckets > 1) compute.overlap = Overlap{.ready = {Seconds{0.3}, Seconds{0.5}, Seconds{0.9}}};
  const auto numbers = [&](Run backend) {
    const auto happened = run_steps(backend, topology, schedule, 1'000'000, compute);
    std::vector<double> all = {happened.timing.end.value};
    for (const auto* times : {&happened.begin, &happened.ready, &happened.apply}) {
      for (const auto& [what, time] : *times) all.push_back(time);
    }
    return all;
  };
  const auto exact = numbers(run_recurrence);
  for (const auto backend : {run_simgrid, run_fluid_checked}) {
    const auto simulated = run_child([&] { return numbers(backend); });
    INFO(simulated.error);
    REQUIRE(simulated.values.size() == exact.size());
    for (std::size_t i = 0; i < exact.size(); ++i)
      CHECK(simulated.values[i] == Approx(exact[i]).epsilon(1e-9));
  }
}
