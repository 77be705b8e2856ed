// When steps begin and updates arrive where steps do not wait for their exchanges, by hand.
#include "sim/stale/program.hpp"

#include "sim/stale/timeline.hpp"
#include "tests/child.hpp"
#include "tests/sim/programs.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>

using namespace ringsim;
using namespace ringsim::test;

namespace {

struct Happened {
  /// By rank and step; ready and apply by rank and number of the bucket through all steps.
  std::map<std::pair<Rank, std::uint64_t>, double> begin, ready, apply;
  Timing timing;
};

using Run = BackendResult (*)(const Topology&, const Program&, const Observer&);

/// Gradients in hand as StaleWork::begin_again says: begun before the update of `step` came.
std::vector<std::uint64_t> in_hand(const Happened& happened, Rank ranks, std::uint64_t step,
                                   std::size_t buckets) {
  std::vector<std::uint64_t> counts(ranks);
  for (Rank rank = 0; rank < ranks; ++rank) {
    while (true) {
      const std::pair gradient{rank, step + counts[rank]};
      const auto applied = happened.apply.find({rank, step * buckets});
      if (!happened.ready.contains({rank, (gradient.second + 1) * buckets - 1})) break;
      if (applied != happened.apply.end() && applied->second <= happened.begin.at(gradient)) break;
      ++counts[rank];
    }
  }
  return counts;
}

/// Steps of 1 s of computing that all-reduce `bytes` per bucket.
Happened run_steps(Run backend, const Topology& topology, const StaleSchedule& schedule,
                   std::size_t bytes, const ComputeModel& compute = {.time = Seconds{1}}) {
  const std::vector<Stage> stages = {{"values", AllReduce{bytes / 4, Bytes{4}}}};
  auto left = schedule.ranks;
  std::deque<StepPlan> plans;
  const auto make_plan = [&] {
    plans.push_back(plan_step(stages, left, {&find_collective("ring"), {}}, {}));
  };
  make_plan();
  Happened happened;
  StaleTimeline timeline(schedule.steps, schedule.ranks);
  StaleProgram program(topology, schedule, compute,
                       {.begin =
                            [&](Rank rank, std::uint64_t step, Seconds now) {
                              happened.begin[{rank, step}] = now.value;
                            },
                        .ready =
                            [&](Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
                              happened.ready[{rank, step * schedule.buckets + bucket}] = now.value;
                            },
                        .apply =
                            [&](Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
                              happened.apply[{rank, step * schedule.buckets + bucket}] = now.value;
                              if (bucket + 1 == schedule.buckets) timeline.apply(rank, step, now);
                            },
                        .exchange = [&](std::uint64_t, std::size_t) { return &plans.back(); },
                        .begin_again =
                            [&](const std::vector<Rank>& dead, std::uint64_t step, Seconds) {
                              left -= static_cast<Rank>(dead.size());
                              make_plan();
                              timeline.begin_again(step);
                              return in_hand(happened, schedule.ranks, step, schedule.buckets);
                            }});
  happened.timing = timeline.timing(
      backend(topology, program.program(),
              {.on_mark = [&](const MarkEvent& event) { program.on_mark(event); },
               .on_collective = [&](const CollectiveEvent& event) { timeline.add(event); },
               .on_delay = [&](const DelayEvent& event) { timeline.add(event); }}));
  return happened;
}

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
          "[stale][program]") {
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
  // Of the 5 s until update 0 arrives, 3 s compute steps 0 to 2; then 1 s of each 4 s computes.
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

TEST_CASE("a fast network leaves every update one step late, whatever S", "[stale][program]") {
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

TEST_CASE("without staleness steps have the times of the synchronous program", "[stale][program]") {
  const auto topology = make_ring({1e6, 2e6, 1e6, 3e6}, {1e-3, 2e-3, 1e-3, 1e-3});
  const auto happened = run_steps(run_recurrence, topology,
                                  {.steps = 3, .staleness = 0, .ranks = 4, .quorum = 4}, 4'000'000);
  const std::vector<Stage> stages = {{"values", AllReduce{1'000'000, Bytes{4}}}};
  const std::vector<StepPlan> plans(3, plan_step(stages, 4, {&find_collective("ring"), {}}, {}));
  const auto timing = time_steps(topology, plans, 4, {.time = Seconds{1}}, run_recurrence);
  // No rank is ready before another one, so the barrier changes nothing... but for the second step
  // on, where it makes the ranks whose links are faster wait for the others.
  CHECK(happened.timing.steps[0].total.value == Approx(timing.steps[0].total.value));
  CHECK(happened.timing.end.value >= timing.end.value * (1 - 1e-12));
}

TEST_CASE("with a quorum a slow rank goes on with the first exchange that has not started",
          "[stale][program]") {
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
          "[stale][program]") {
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

TEST_CASE("buckets that do not overlap are exchanged one after the other", "[stale][program]") {
  // As above, but ready at the end of a step: exchanges from 1 s on.
  const auto happened =
      run_steps(run_recurrence, uniform_ring(2, 1e6, 0),
                {.steps = 3, .staleness = 1, .buckets = 2, .ranks = 2, .quorum = 2}, 1'000'000);
  check_times(happened.begin, 0, {0, 1, 3});
  check_times(happened.ready, 0, {1, 1, 2, 2, 4, 4});
  check_times(happened.apply, 0, {2, 3, 4, 5, 6, 7});
}

TEST_CASE("a rank that is late for a quorum goes on with a step of which no bucket has started",
          "[stale][program]") {
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

TEST_CASE("both backends run stale steps alike", "[stale][program]") {
  const auto quorum = GENERATE(Rank{4}, Rank{3});
  auto topology = make_ring({1e6, 2e6, 1e6, 3e6}, {1e-3, 2e-3, 1e-3, 1e-3});
  Host slow;
  slow.speed_changes = {{Seconds{2.5}, 0.3}, {Seconds{12.1}, 1}};
  topology.set_host(1, slow);
  const auto buckets = GENERATE(std::size_t{1}, std::size_t{3});
  const StaleSchedule schedule{
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
  const auto simulated = run_child([&] { return numbers(run_simgrid); });
  INFO(simulated.error);
  REQUIRE(simulated.values.size() == exact.size());
  for (std::size_t i = 0; i < exact.size(); ++i)
    CHECK(simulated.values[i] == Approx(exact[i]).epsilon(1e-9));
}

namespace {

/// A run in which hosts die, in a process of its own: per rank that lives, when its steps began
/// (for the last time) and when updates arrived, and the end.
ChildResult run_with_deaths(const Topology& topology, const StaleSchedule& schedule,
                            std::size_t bytes, const std::vector<Rank>& living) {
  return run_child([&] {
    const auto happened = run_steps(run_simgrid, topology, schedule, bytes);
    std::vector<double> numbers;
    for (const Rank rank : living) {
      for (std::uint64_t step = 0; step < schedule.steps; ++step)
        numbers.push_back(happened.begin.at({rank, step}));
      for (std::uint64_t step = 0; step < schedule.steps; ++step)
        numbers.push_back(happened.apply.at({rank, step}));
    }
    numbers.push_back(happened.timing.end.value);
    return numbers;
  });
}

void check_numbers(const ChildResult& child, const std::vector<double>& expected) {
  INFO(child.error);
  REQUIRE(child.values.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("number " << i);
    CHECK(child.values[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-9));
  }
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
          "[stale][program]") {
  // Three ranks all-reduce 3 MB in 4 rounds of 1 MB: 4 s. S = 1: steps 0 and 1 begin at 0 s and 1
  // s; exchange 0 from 1 s to 5 s, when step 2 begins; exchange 1 from 5 s on. Rank 2 dies at 6.5
  // s; at 9.5 s ranks 0 and 1 begin exchange 1 again, by two: 2 rounds of 1.5 MB, 3 s. They have
  // had the gradient of step 2 since 6 s. Step 3 begins with the arrival of update 1.
  const auto child = run_with_deaths(
      ring_where_dies(3, 2, 6.5),
      {.steps = 4, .staleness = 1, .ranks = 3, .quorum = 3, .detection = Seconds{3}}, 3'000'000,
      {0, 1});
  check_numbers(child, {0, 1, 5, 12.5, 5, 12.5, 15.5, 18.5,  //
                        0, 1, 5, 12.5, 5, 12.5, 15.5, 18.5, 18.5});
}

TEST_CASE("a death begins a step again with its first bucket", "[stale][program]") {
  // As in the first case with two buckets of 3 MB, ready at 1 s, 2 s, ...: exchanges of 4 s from 1
  // s, 5 s, ... on; step 2 begins with the second, at 9 s. Rank 2 dies at 10 s, in the exchange of
  // the first bucket of step 1 (since 9 s). At 13 s that begins again, by two: 3 s each.
  const auto child = run_child([] {
    const auto happened = run_steps(run_simgrid, ring_where_dies(3, 2, 10),
                                    {.steps = 3,
                                     .staleness = 1,
                                     .buckets = 2,
                                     .ranks = 3,
                                     .quorum = 3,
                                     .detection = Seconds{3}},
                                    3'000'000);
    std::vector<double> numbers;
    for (std::uint64_t bucket = 0; bucket < 6; ++bucket)
      numbers.push_back(happened.apply.at({0, bucket}));
    return numbers;
  });
  check_numbers(child, {5, 9, 16, 19, 22, 25});
}

TEST_CASE("a gradient of which a bucket is missing when a death is noticed is computed again",
          "[stale][program]") {
  // Buckets of 3 MB are ready at 0.5 s and 1 s of a step; three ranks take 4 s to exchange one.
  // Rank 2 dies at 0.6 s, in the exchange of the first bucket of step 0 since 0.5 s; S = 1: at 1.6
  // s ranks 0 and 1 have the gradient of step 0, and of step 1 (since 1 s) the first bucket alone,
  // which they compute again until 2.1 s and 2.6 s. By two a bucket takes 3 s: from 1.6 s on.
  const auto child = run_child([] {
    const auto happened = run_steps(
        run_simgrid, ring_where_dies(3, 2, 0.6),
        {.steps = 2,
         .staleness = 1,
         .buckets = 2,
         .ranks = 3,
         .quorum = 3,
         .detection = Seconds{1}},
        3'000'000, {.time = Seconds{1}, .overlap = Overlap{.ready = {Seconds{0.5}, Seconds{1}}}});
    std::vector<double> numbers = {happened.begin.at({0, 1}), happened.ready.at({0, 2}),
                                   happened.ready.at({0, 3})};
    for (std::uint64_t bucket = 0; bucket < 4; ++bucket)
      numbers.push_back(happened.apply.at({0, bucket}));
    return numbers;
  });
  check_numbers(child, {1.6, 2.1, 2.6, 4.6, 7.6, 10.6, 13.6});
}

TEST_CASE("an exchange that opens when a death is noticed waits for no dead rank",
          "[stale][program]") {
  // Rank 2 dies at 0.5 s, before it has any gradient; exchange 0 never opens. At 3.5 s ranks 0 and
  // 1 have the gradients of steps 0 and 1 (S = 1): exchange 0 by two, 3 s, until 6.5 s, when step 2
  // begins, while exchange 1 goes on until 9.5 s.
  const auto child = run_with_deaths(
      ring_where_dies(3, 2, 0.5),
      {.steps = 3, .staleness = 1, .ranks = 3, .quorum = 3, .detection = Seconds{3}}, 3'000'000,
      {0, 1});
  check_numbers(child, {0, 1, 6.5, 6.5, 9.5, 12.5, 0, 1, 6.5, 6.5, 9.5, 12.5, 12.5});
}

TEST_CASE("a death after the last update changes nothing", "[stale][program]") {
  // A quorum of one of two ranks; the network takes no time. Rank 1 computes 5 s a step, when rank
  // 0, which has ended all at 2 s, dies at 3 s.
  auto topology = uniform_ring(2, 1e18, 0);
  Host dies, slow;
  dies.dies = Seconds{3};
  slow.speed = 0.2;
  topology.set_host(0, dies);
  topology.set_host(1, slow);
  const auto child = run_child([&] {
    const auto happened = run_steps(
        run_simgrid, topology,
        {.steps = 2, .staleness = 0, .ranks = 2, .quorum = 1, .detection = Seconds{1}}, 4000);
    return std::vector<double>{happened.apply.at({1, 1}), happened.timing.end.value};
  });
  check_numbers(child, {2, 2});
}

TEST_CASE("after a death a rank without gradients waits for no update of before",
          "[stale][program]") {
  // Three ranks all-reduce 3 MB: 4 s. S = 1: update 0 arrives at 5 s, when step 2 begins; exchange
  // 1 from 5 s on. Rank 2 dies at 5.2 s and at 5.7 s ranks 0 and 1 have the gradient of step 1 and
  // compute step 2 again, until 6.7 s. Exchange 1 by two: 3 s, until 8.7 s, when step 3 begins.
  const auto child = run_with_deaths(
      ring_where_dies(3, 2, 5.2),
      {.steps = 4, .staleness = 1, .ranks = 3, .quorum = 3, .detection = Seconds{0.5}}, 3'000'000,
      {0, 1});
  check_numbers(child, {0, 1, 5.7, 8.7, 5, 8.7, 11.7, 14.7,  //
                        0, 1, 5.7, 8.7, 5, 8.7, 11.7, 14.7, 14.7});
}

TEST_CASE("a quorum that needs more ranks than live is one of all that live", "[stale][program]") {
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
          "[stale][program]") {
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

TEST_CASE("the exchange of a late step that begins again is the one that ends",
          "[stale][program]") {
  // Two buckets of 3 MB by three: 4 s each, from 1 s and from 5 s on. Rank 2 dies at 6 s, in the
  // second; at 9 s both begin again, by two: 3 s each.
  const auto child = run_child([] {
    const auto happened = run_steps(run_simgrid, ring_where_dies(3, 2, 6),
                                    {.steps = 1,
                                     .staleness = 1,
                                     .buckets = 2,
                                     .ranks = 3,
                                     .quorum = 3,
                                     .detection = Seconds{3}},
                                    3'000'000);
    const auto& step = happened.timing.steps.front();
    return std::vector<double>{step.total.value, step.exchange.value};
  });
  check_numbers(child, {15, 6});
}

TEST_CASE("after a death a rank with nothing in hand begins a step that it can be in time for",
          "[stale][program]") {
  // Rank 2 of four dies at 0.5 s, a quorum is two; rank 3 computes 10 s a step. At 3.5 s ranks 0
  // and 1 have their gradients of step 0 and exchange them at once: rank 3 begins with step 1.
  auto topology = uniform_ring(4, 1e18, 0);
  Host dies, slow;
  dies.dies = Seconds{0.5};
  slow.speed = 0.1;
  topology.set_host(2, dies);
  topology.set_host(3, slow);
  const auto child = run_child([&] {
    const auto happened = run_steps(
        run_simgrid, topology,
        {.steps = 3, .staleness = 0, .ranks = 4, .quorum = 2, .detection = Seconds{3}}, 4000);
    return std::vector<double>{happened.begin.at({3, 0}), happened.begin.at({3, 1}),
                               static_cast<double>(happened.begin.count({3, 2})),
                               happened.timing.end.value};
  });
  check_numbers(child, {0, 3.5, 0, 5.5});
}
