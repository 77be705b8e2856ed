#include "sim/timing/step_timing.hpp"

#include "base/error.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <type_traits>

using namespace ringsim;
using namespace ringsim::test;

namespace {

CollectiveChoice ring_choice() { return {&find_collective("ring"), {}}; }

CompressionCosts costs() { return {.fixed = std::nullopt, .measured = {}, .memory = std::nullopt}; }

LocalWork work(std::vector<Bytes> moved) {
  LocalWork result;
  result.moved = std::move(moved);
  return result;
}

}  // namespace

TEST_CASE("a plan counts its bytes by what they are for", "[plan]") {
  AllGather gather{std::vector<Payload>(4)};
  gather.parts[1] = {.values = {1}, .masks = {100}, .headers = {10}};
  gather.parts[3] = {.values = {}, .masks = {50}, .headers = {5}};
  const auto plan =
      plan_step(std::vector<Stage>{{"masks", gather}, {"values", AllReduce{1000, Bytes{4}}}}, 4,
                ring_choice(), costs());
  // A part passes 3 links; of the all-reduce's 4000 bytes each passes 2*3 links.
  CHECK(plan.sent.masks == Bytes{3 * 150});
  CHECK(plan.sent.headers == Bytes{3 * 15});
  CHECK(plan.sent.values == Bytes{3 * 1 + 6 * 4000});
  Bytes on_the_wire;
  for (const auto& stage : plan.stages)
    on_the_wire += std::get<Exchange>(stage).collective->total_bytes();
  CHECK(plan.sent.total() == on_the_wire);
}

TEST_CASE("where the ring's hops are known, masks travel in pieces", "[plan]") {
  // (N-2+k)(L + b/(kB)) with N = 6, b = 40000, L = 1 ms, B = 1e6 B/s: least at k = sqrt(4 * 40) =
  // 12.6. 13 pieces: 17 rounds of 4.077 ms in place of 5 of 41 ms. The bytes stay.
  AllGather gather{std::vector<Payload>(6)};
  gather.parts[2] = {.values = {}, .masks = {39'000}, .headers = {1000}};
  auto choice = ring_choice();
  const auto whole = plan_step(std::vector<Stage>{{"masks", gather}}, 6, choice, costs());
  choice.hop = HopSpeed{Seconds{1e-3}, BytesPerSecond{1e6}};
  const auto pieces = plan_step(std::vector<Stage>{{"masks", gather}}, 6, choice, costs());
  const auto time_of = [](const StepPlan& plan) {
    return time_steps(uniform_ring(6, 1e6, 1e-3), StepPlans(std::vector{plan}), 6, {.time = {0}},
                      run_recurrence, {})
        .steps.front()
        .total.value;
  };
  CHECK(time_of(whole) == Approx(5 * 41e-3));
  CHECK(time_of(pieces) == Approx(17 * (1e-3 + 40e-3 / 13)).epsilon(1e-3));
  CHECK(pieces.sent.masks == whole.sent.masks);
  CHECK(pieces.sent.headers == whole.sent.headers);
  CHECK(std::get<Exchange>(pieces.stages.front()).collective->total_bytes() == pieces.sent.total());
}

TEST_CASE("votes go to the owners of their chunks whatever the collective", "[plan]") {
  // 1000 bytes of votes on 4 ranks: 250 to each owner, and back.
  const CollectiveChoice tree{&find_collective("tree"), {}};
  const auto plan =
      plan_step(std::vector<Stage>{{"values", AllReduce{1000, Bytes{1}, true}}}, 4, tree, costs());
  CHECK(std::get<Exchange>(plan.stages.front()).collective->name() == "pairwise");
  CHECK(plan.sent.values == Bytes{4 * 2 * 3 * 250});
}

TEST_CASE("transfers carry the name of a scheme's own phase", "[plan]") {
  AllGather gather{std::vector<Payload>(2)};
  gather.parts[0].masks = {1000};
  const SparseAllReduce sparse{{{0b011, 0b1}, {0b110, 0}}, Bytes{2}, Bytes{4}};
  const StepPlans plans(std::vector{plan_step(
      {{"mine", gather}, {"more of mine", AllReduce{1000, Bytes{4}}}, {"sparse of mine", sparse}},
      2, ring_choice(), costs())});
  std::vector<std::string> phases;
  const auto note = [&](const TransferEvent& event) {
    if (phases.empty() || phases.back() != event.phase.text())
      phases.emplace_back(event.phase.text());
  };
  time_steps(uniform_ring(2, 1e6, 1e-3), plans, 2, {.time = {10e-3}}, run_recurrence, note);
  CHECK(phases == std::vector<std::string>{"mine", "more of mine", "sparse of mine"});
}

// Text that may vanish before the program's records are no names.
static_assert(!std::is_constructible_v<PhaseName, std::string>);
static_assert(!std::is_constructible_v<PhaseName, std::string_view>);
static_assert(!std::is_constructible_v<PhaseName, const char*>);

TEST_CASE("a sparse all-reduce counts values and indices of every hop", "[plan]") {
  // Two ranks, two words: chunk 0 is word 0, chunk 1 word 1. Rank 0 keeps bits 0 and 1 of word 0
  // and one of word 1, rank 1 bits 1 and 2 of word 0 and none of word 1. Rank 0 sends its 2 of
  // chunk 0, rank 1 its 0 of chunk 1; then the unions of 3 and 1 go back.
  const SparseAllReduce sparse{{{0b011, 0b1}, {0b110, 0}}, Bytes{2}, Bytes{4}};
  const auto plan = plan_step({{"values", sparse}}, 2, ring_choice(), costs());
  CHECK(plan.sent.values == Bytes{2 * (2 + 0 + 3 + 1)});
  CHECK(plan.sent.masks == Bytes{4 * (2 + 0 + 3 + 1)});
  CHECK(plan.sent.headers == Bytes{});
  CHECK(std::get<Exchange>(plan.stages.front()).collective->total_bytes() == plan.sent.total());
}

TEST_CASE("local work takes bytes over memory bandwidth, the given time, or none", "[plan]") {
  const std::vector<Stage> stages = {{"select", work({Bytes{1000}, Bytes{2000}})},
                                     {"pack", work({Bytes{500}, Bytes{500}})}};
  auto model = costs();
  const auto durations = [&](std::size_t stage) {
    const auto plan = plan_step(stages, 2, ring_choice(), model);
    return std::get<LocalTime>(plan.stages[stage]).duration;
  };
  CHECK(durations(0)[1].value == 0);
  model.memory = BytesPerSecond{1e6};
  CHECK(durations(0)[0].value == Approx(1e-3));
  CHECK(durations(0)[1].value == Approx(2e-3));
  CHECK(durations(1)[1].value == Approx(0.5e-3));
  model.fixed = Seconds{7e-3};
  CHECK(durations(0)[1].value == 7e-3);
  CHECK(durations(1)[1].value == 0);
}

TEST_CASE("with a profile local work takes what was measured of its stage", "[plan]") {
  // 10 us a call and 1 ns an element or 15 us of the host; 0.5 ns a byte that is coded.
  auto model = costs();
  model.memory = BytesPerSecond{1};  // which is not asked
  model.measured = SchemeCosts{
      .scheme = "iwp",
      .rank = {},
      .values = {},
      .description = {},
      .stages = {{.stage = CostStage::encode,
                  .host_seconds_per = {.calls = 15e-6},
                  .device_seconds_per = {.calls = 10e-6, .elements = 1e-9, .coded_bytes = 0.5e-9},
                  .fitted = {},
                  .held_out = {}}}};
  auto local = work({Bytes{1}, Bytes{1}});
  local.stage = CostStage::encode;
  local.counts = {.calls = 1, .elements = 1000};
  local.coded = {Bytes{0}, Bytes{20'000}};
  auto other = local;
  other.stage = CostStage::decode;
  const auto plan =
      plan_step(std::vector<Stage>{{"select", local}, {"unpack", other}}, 2, ring_choice(), model);
  const auto& duration = std::get<LocalTime>(plan.stages[0]).duration;
  CHECK(duration[0].value == Approx(15e-6));  // the device's 11 us are hidden
  CHECK(duration[1].value == Approx(10e-6 + 1e-6 + 10e-6));
  CHECK(std::get<LocalTime>(plan.stages[1]).duration[0] == Seconds{});  // no such stage
}

TEST_CASE("jitter has mean 1, and none leaves the time alone", "[plan]") {
  ComputeModel model{.time = {2}};
  Host host;
  CHECK(jittered(model, host, 3, 5) == Seconds{2});
  model.jitter = 0.3;
  double sum = 0;
  for (std::uint64_t step = 0; step < 20000; ++step) sum += jittered(model, host, 3, step).value;
  // The standard error of the mean is 2 * 0.3 / sqrt(20000) = 0.004.
  CHECK(sum / 20000 == Approx(2).margin(0.02));
  CHECK(jittered(model, host, 0, 0) != jittered(model, host, 1, 0));
  CHECK(jittered(model, host, 0, 0) != jittered(model, host, 0, 1));
  CHECK(jittered(model, host, 0, 0) == jittered(model, host, 0, 0));
  // A host's own goes before it.
  host.jitter = 0;
  CHECK(jittered(model, host, 0, 0) == Seconds{2});
}

TEST_CASE("synchronous steps follow one another, and the parts of a step sum to its time",
          "[timing]") {
  // Two ranks, 1e6 B/s, 1 ms. A step: 10 ms of computing, 2 ms of pruning, masks of 1000 bytes from
  // rank 0 (1 + 1 ms), values of 1000 elements in chunks of 2000 bytes, two rounds (each 1 + 2 ms):
  // 10 + 2 + 2 + 6 = 20 ms.
  auto model = costs();
  model.fixed = Seconds{2e-3};
  AllGather gather{std::vector<Payload>(2)};
  gather.parts[0].masks = {1000};
  const std::vector<Stage> stages = {
      {"select", work({{}, {}})}, {"masks", gather}, {"values", AllReduce{1000, Bytes{4}}}};
  std::vector<StepPlan> plans;
  for (std::uint64_t step = 0; step < 3; ++step) {
    plans.push_back(plan_step(stages, 2, ring_choice(), model));
  }
  const auto timing =
      time_steps(uniform_ring(2, 1e6, 1e-3), StepPlans(plans), 2, {.time = {10e-3}}, run_simgrid);
  CHECK(timing.end.value == Approx(60e-3).epsilon(1e-9));
  REQUIRE(timing.steps.size() == 3);
  for (std::size_t step = 0; step < 3; ++step) {
    const auto& time = timing.steps[step];
    CHECK(time.start.value == Approx(20e-3 * static_cast<double>(step)).epsilon(1e-9));
    CHECK(time.compute.value == Approx(10e-3));
    CHECK(time.compress.value == Approx(2e-3));
    CHECK(time.exchange.value == Approx(8e-3).epsilon(1e-9));
    CHECK(time.exposed_exchange.value == Approx(8e-3).epsilon(1e-9));
    CHECK(time.total.value == Approx(20e-3).epsilon(1e-9));
  }
}
