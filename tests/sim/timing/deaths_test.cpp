// Hosts that die, by hand.
#include "base/error.hpp"
#include "sim/fluid/fluid.hpp"
#include "sim/timing/step_timing.hpp"
#include "tests/child_numbers.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Runs of backends in which hosts may die.
constexpr std::array able = {run_simgrid, run_fluid_checked};

CollectiveChoice ring_choice() { return {&find_collective("ring"), {}}; }

/// A ring of 1e6 B/s without latency, in which hosts die.
Topology ring_with_deaths(Rank ranks, const std::vector<std::pair<Rank, double>>& deaths) {
  auto topology = uniform_ring(ranks, 1e6, 0);
  for (const auto& [rank, time] : deaths) {
    Host host;
    host.dies = Seconds{time};
    topology.set_host(rank, host);
  }
  return topology;
}

/// Steps that all-reduce 4 MB.
std::vector<StepPlan> plans_for(Rank ranks, std::size_t steps) {
  const std::vector<Stage> stages = {{"values", AllReduce{1'000'000, Bytes{4}}}};
  const CompressionCosts nothing{.fixed = {}, .measured = {}, .memory = {}};
  return std::vector<StepPlan>(steps, plan_step(stages, ranks, ring_choice(), nothing));
}

/// Runs steps of 1 s of computing; a death is noticed after 3 s. Numbers: the end; per step the
/// computing time, the exchange (the one that ends) and the total; per link of the ring MB and busy
/// seconds; per death rank, when noticed and step.
std::vector<double> run_with_deaths(const Backend& backend, const Topology& topology, Rank ranks,
                                    std::size_t steps) {
  auto each = plans_for(ranks, steps);
  StepPlans plans(each);
  std::vector<double> numbers;
  const Recovery recovery{.detection = {3}, .replan = [&](const std::vector<RankDeath>& deaths) {
                            for (const auto& death : deaths) {
                              numbers.insert(numbers.end(),
                                             {static_cast<double>(death.rank), death.detected.value,
                                              static_cast<double>(death.step)});
                              ranks -= 1;
                            }
                            const auto rest = plans_for(ranks, steps);
                            for (auto step = deaths.back().step; step < steps; ++step)
                              each[step] = rest[step];
                            plans = StepPlans(each);
                          }};
  const auto timing = time_steps(topology, plans, ranks, {.time = {1}}, backend, {}, recovery);
  std::vector<double> result = {timing.end.value};
  for (const auto& step : timing.steps)
    result.insert(result.end(), {step.compute.value, step.exchange.value, step.total.value});
  for (std::size_t i = 0; i < topology.hosts(); ++i) {
    result.push_back(static_cast<double>(timing.links[i].bytes.count) / 1e6);
    result.push_back(timing.links[i].busy.value);
  }
  result.insert(result.end(), numbers.begin(), numbers.end());
  return result;
}

void check_run(const Topology& topology, Rank ranks, std::size_t steps,
               const std::vector<double>& expected) {
  for (const auto backend : able) {
    check_numbers(run_child([&] { return run_with_deaths(backend, topology, ranks, steps); }),
                  expected);
  }
}

}  // namespace

TEST_CASE("the exchange that a death interrupts is begun again without the dead", "[deaths]") {
  // Chunks of 1 MB: rounds from 1 s, 2 s, ... on. Rank 2 dies at 2.5 s: half of the second messages
  // of 1>2 and 2>3 has passed, those of 0>1 and 3>0 arrive. At 5.5 s ranks 0, 1 and 3 begin the
  // exchange again: 4 rounds of 4/3 MB, in which 1>3 passes two links: until 10 5/6 s. The second
  // step takes 1 s + 4 * 4/3 s.
  const double third = 16.0 / 3;  // of what each link carries in an exchange of three
  check_run(ring_with_deaths(4, {{2, 2.5}}), 4, 2,
            {5.5 + third + 1 + third,           //
             1, third, 5.5 + third,             //
             1, third, 1 + third,               //
             2 + 2 * third, 2 + 2 * third,      //
             1.5 + 2 * third, 1.5 + 2 * third,  //
             1.5 + 2 * third, 1.5 + 2 * third,  //
             2 + 2 * third, 2 + 2 * third,      //
             2, 5.5, 0});
}

TEST_CASE("a rank that computes when a death is noticed computes again", "[deaths]") {
  // Rank 1 dies at once. At 3 s, rank 0 has waited for 2 s, rank 2 for 2 s; rank 3 straggles: it is
  // at 3/4 of its 4 s, and begins anew: until 7 s. Then 4 rounds of 4/3 s, of which the first
  // message from 0 to 2 has begun at 3 s.
  auto topology = ring_with_deaths(4, {{1, 0.0}});
  Host slow;
  slow.speed = 0.25;
  topology.set_host(3, slow);
  const double third = 16.0 / 3;
  // Rank 0 gets a gradient in the first second; its messages to 1 have not begun. Rank 3 ends last,
  // with the others; the first of them counts.
  check_run(topology, 4, 1,
            {7 + third, 1, 4 + third, 7 + third, third, third, third, third, third, third, third,
             third,  //
             1, 3, 0});
}

TEST_CASE("ranks may die one after the other", "[deaths]") {
  // Rank 2 at 2.5 s as above; rank 3 at 6 s, 0.5 s after the ring of three has begun rounds of 4/3
  // MB: half a MB of 1>3 and 3>0 has passed, and 0>1 arrives. At 9 s ranks 0 and 1 begin again: 2
  // rounds of 2 MB; rank 1 sends to 0 over link0:reverse.
  check_run(ring_with_deaths(4, {{2, 2.5}, {3, 6}}), 4, 1,
            {13, 1, 4, 13,                                                  //
             2 + 4.0 / 3 + 4, 2 + 4.0 / 3 + 4,                              //
             1.5 + 0.5, 1.5 + 0.5, 1.5 + 0.5, 1.5 + 0.5, 2 + 0.5, 2 + 0.5,  //
             2, 5.5, 0, 3, 9, 0});
}

TEST_CASE("a rank that is ahead keeps what it has computed since the last exchange", "[deaths]") {
  // Only step 3 exchanges. Rank 2 dies at once. At 3 s rank 0, at speed 6/5, computes step 3 since
  // 2.5 s, rank 1, at speed 1/2, step 1 since 2 s. From then on rank 0 has speed 1/4: it ends step
  // 3 at 7 s; rank 1 ends its steps 1, 2 and 3 at 9 s. The exchange of 4 MB by two takes 4 s.
  auto topology = ring_with_deaths(3, {{2, 0.0}});
  Host ahead;
  ahead.speed = 1.2;
  ahead.speed_changes = {{Seconds{3}, 0.25}};
  topology.set_host(0, ahead);
  Host behind;
  behind.speed = 0.5;
  topology.set_host(1, behind);
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] {
    auto each = plans_for(3, 4);
    for (std::size_t step = 0; step < 3; ++step) each[step].stages.clear();
    StepPlans plans(each);
    double begun_again = 0;
    const Recovery recovery{.detection = {3}, .replan = [&](const std::vector<RankDeath>& deaths) {
                              begun_again = static_cast<double>(deaths.front().step);
                              each[3] = plans_for(2, 1).front();
                              plans = StepPlans(each);
                            }};
    const auto timing = time_steps(topology, plans, 3, {.time = {1}}, backend, {}, recovery);
    return std::vector<double>{begun_again, timing.end.value};
  });
  INFO(child.error);
  REQUIRE(child.values.size() == 2);
  CHECK(child.values[0] == 1);
  CHECK(child.values[1] == Approx(13));
}

TEST_CASE("the exchange of a step that begins again is the one that ends", "[deaths]") {
  // Two all-reduces of 3 MB by three: 4 s each, from 1 s and from 5 s on. Rank 2 dies at 6 s, in
  // the second; at 9 s both begin again, by two: 3 s each.
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] {
    const Stage stage{"values", AllReduce{750'000, Bytes{4}}};
    const auto plan_for = [&](Rank ranks) {
      return plan_step({stage, stage}, ranks, ring_choice(), {});
    };
    StepPlans plans(std::vector{plan_for(3)});
    const Recovery recovery{.detection = {3}, .replan = [&](const auto&) {
                              plans = StepPlans(std::vector{plan_for(2)});
                            }};
    const auto timing =
        time_steps(ring_with_deaths(3, {{2, 6}}), plans, 3, {.time = {1}}, backend, {}, recovery);
    return std::vector<double>{timing.end.value, timing.steps.front().exchange.value};
  });
  INFO(child.error);
  REQUIRE(child.values.size() == 2);
  CHECK(child.values[0] == Approx(15));
  CHECK(child.values[1] == Approx(6));
}

TEST_CASE("a rank may die when another death is noticed", "[deaths]") {
  // Rank 2 dies at 1.5 s, rank 3 at 4.5 s, when the first death is noticed, and so are both: ranks
  // 0 and 1 begin again, 2 rounds of 2 MB.
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] {
    const auto numbers = run_with_deaths(backend, ring_with_deaths(4, {{2, 1.5}, {3, 4.5}}), 4, 1);
    return std::vector<double>{numbers.front(), numbers[numbers.size() - 2], numbers.back()};
  });
  INFO(child.error);
  REQUIRE(child.values.size() == 3);
  CHECK(child.values[0] == Approx(8.5));
  CHECK(child.values[1] == Approx(4.5));
  CHECK(child.values[2] == 0);
}

TEST_CASE("deaths that are noticed at once may come together, and at the start", "[deaths]") {
  // Ranks 0 and 1 begin again at 0 s, or at 1.5 s: 2 rounds of 2 MB from 1 s, or 1.5 s, on.
  const double died = GENERATE(0.0, 1.5);
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] {
    StepPlans plans(plans_for(4, 1));
    Rank left = 4;
    const Recovery recovery{.detection = {}, .replan = [&](const std::vector<RankDeath>& deaths) {
                              left -= static_cast<Rank>(deaths.size());
                              plans = StepPlans(plans_for(left, 1));
                            }};
    const auto timing = time_steps(ring_with_deaths(4, {{2, died}, {3, died}}), plans, 4,
                                   {.time = {1}}, backend, {}, recovery);
    return std::vector<double>{timing.end.value};
  });
  INFO(child.error);
  REQUIRE(child.values.size() == 1);
  CHECK(child.values[0] == Approx(std::max(died, 1.0) + 4));
}

TEST_CASE("who waits for the dead is named where nobody goes on without", "[deaths]") {
  const auto topology = ring_with_deaths(3, {{1, 0.5}});
  const Phases phases(3, {{call(make_ring_all_reduce(3, 750'000, Bytes{4}))}});
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] {
    backend(topology, make_program(phases), {});
    return std::vector<double>();
  });
  CHECK(
      child.error ==
      "the program cannot finish: rank 0 waits to send to rank 1 in round 0 of ring (values, step "
      "0), for ever from 1 s on");
}

TEST_CASE("fewer than two ranks cannot go on", "[deaths]") {
  const auto topology = ring_with_deaths(2, {{1, 1.5}});
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] { return run_with_deaths(backend, topology, 2, 1); });
  CHECK(child.error == "rank 1 has died at 1.5s, and fewer than two are left");
}

TEST_CASE("a run whose ranks all die at once ends with the error of the last", "[deaths]") {
  const auto topology = ring_with_deaths(2, {{0, 1.5}, {1, 1.5}});
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] { return run_with_deaths(backend, topology, 2, 1); });
  CHECK(child.error == "rank 1 has died at 1.5s, and fewer than two are left");
}

TEST_CASE("ranks that all die where nobody goes on without end the run, too", "[deaths]") {
  const auto topology = ring_with_deaths(2, {{0, 0.25}, {1, 1.5}});
  const Phases phases(2, {{call(make_ring_all_reduce(2, 750'000, Bytes{4}))}});
  const auto backend = GENERATE(from_range(able));
  const auto child = run_child([&] {
    backend(topology, make_program(phases), {});
    return std::vector<double>();
  });
  CHECK(child.error == "all ranks have died, the last of them, rank 1, at 1.5s");
}
