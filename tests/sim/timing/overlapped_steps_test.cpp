#include "sim/timing/overlapped_steps.hpp"

#include "sim/timing/step_times.hpp"
#include "sim/timing/step_timing.hpp"
#include "tests/child.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

constexpr Seconds ms{1e-3};

Stage work(PhaseName phase, double milliseconds, std::uint32_t bucket) {
  LocalWork local;
  // Over a memory of 1e6 B/s.
  local.moved.assign(2, Bytes{static_cast<std::uint64_t>(1000 * milliseconds)});
  return {phase, local, bucket};
}

Stage values(std::uint32_t bucket) { return {"values", AllReduce{1000, Bytes{4}}, bucket}; }

Stage masks(std::uint32_t bucket) {
  AllGather gather{std::vector<Payload>(2)};
  gather.parts[0].masks = Bytes{1000};
  return {"masks", gather, bucket};
}

StepPlan plan(const std::vector<Stage>& stages) {
  return plan_step(
      stages, 2, {&find_collective("ring"), {}},
      {.fixed = std::nullopt, .bucket_shares = {}, .measured = {}, .memory = BytesPerSecond{1e6}});
}

/// Two ranks on links of 1e6 B/s and 1 ms: an all-reduce of 4000 B takes two rounds of 1 + 2 ms, a
/// mask of 1000 B one of 1 + 1 ms.
StepTimes times(const std::vector<StepPlan>& all, const ComputeModel& compute) {
  const StepPlans plans(all);
  const auto topology = uniform_ring(2, 1e6, 1e-3);
  const auto timing = time_steps(topology, plans, 2, compute, run_recurrence);
  const auto on_simgrid = run_child([&] {
    std::vector<double> numbers;
    for (const auto& step : time_steps(topology, plans, 2, compute, run_simgrid).steps)
      numbers.insert(numbers.end(), {step.compute.value, step.compress.value, step.exchange.value,
                                     step.exposed_exchange.value, step.total.value});
    return numbers;
  });
  INFO(on_simgrid.error);
  REQUIRE(on_simgrid.values.size() == 5 * plans.size());
  auto number = on_simgrid.values.begin();
  for (const auto& step : timing.steps) {
    for (const Seconds time :
         {step.compute, step.compress, step.exchange, step.exposed_exchange, step.total})
      CHECK(time.value == Approx(*number++).epsilon(1e-9).margin(1e-15));
    CHECK(step.total.value ==
          Approx((step.compute + step.compress + step.exposed_exchange).value).epsilon(1e-12));
  }
  return timing.steps;
}

ComputeModel computing(double milliseconds, std::vector<double> ready, bool masks_ahead = false) {
  ComputeModel compute{.time = milliseconds * ms};
  compute.overlap = Overlap{.ready = {}, .masks_ahead = masks_ahead};
  for (const double time : ready) compute.overlap->ready.push_back(time * ms);
  return compute;
}

}  // namespace

TEST_CASE("the last bucket's exchange is exposed where computing takes longer", "[overlap]") {
  // Buckets are ready at 4 and 10 ms: exchanges 4-10 and 10-16.
  const auto dense = plan({values(0), values(1)});
  const auto steps = times({dense, dense}, computing(10, {4, 10}));
  for (const auto& step : steps) {
    CHECK(step.compute.value == Approx(10e-3));
    CHECK(step.compress.value == 0);
    CHECK(step.exchange.value == Approx(12e-3));
    CHECK(step.exposed_exchange.value == Approx(6e-3));
    CHECK(step.total.value == Approx(16e-3));
  }
  // Without overlap: 10 + 2 * 6.
  CHECK(times({dense}, ComputeModel{.time = 10 * ms})[0].total.value == Approx(22e-3));
}

TEST_CASE("DistributedDataParallel starts a step and copies gradients", "[overlap]") {
  // Start 0-1, computing 1-5, copy 5-5.5, exchange of bucket 0 5.5-11.5; computing 5.5-11.5, copy
  // 11.5-13; exchange of bucket 1 13-19; copies back 13-13.5 and 19-20.5.
  auto compute = computing(10, {4, 10});
  compute.overlap->ddp =
      DdpTimes{.start = ms, .copy = {0.5 * ms, 1.5 * ms}, .bandwidth = BytesPerSecond{1e6}};
  const auto step = times({plan({values(0), values(1)})}, compute)[0];
  CHECK(step.compute.value == Approx(15e-3));
  CHECK(step.total.value == Approx(20.5e-3));
}

TEST_CASE("computing is slower beside an exchange", "[overlap]") {
  // Each rank sends 4000 B for a bucket, which are taken to last 4 ms; beside them computing has
  // three quarters of its speed.
  auto compute = computing(10, {4, 6});
  compute.overlap->ddp = DdpTimes{.start = {},
                                  .copy = {Seconds{}, Seconds{}},
                                  .exchange_share = 0.25,
                                  .bandwidth = BytesPerSecond{1e6}};
  // Computing 0-4; the 2 ms to the next bucket take 2 / 0.75, 4-6.667. 4 + 4 - 2.667 ms of
  // exchanges are left; the last 4 ms would take 5.333, so as long as they last: 6.667-12.
  const auto step = times({plan({values(0), values(1)})}, compute)[0];
  CHECK(step.compute.value == Approx(12e-3));
  // Less is left than it takes: 10 - 4 = 6 ms beside 4 of exchange take 6 + 0.25 * 4.
  compute.overlap->ready = {4 * ms};
  compute.overlap->ddp->copy.pop_back();
  CHECK(times({plan({values(0)})}, compute)[0].compute.value == Approx(11e-3));
  // A copy of 1 ms passes beside the first exchange: computing 0-4 and, of 2 ms, 4-6.667; the copy
  // leaves 4 - 2.667 - 1 ms of it, and 4 of the second one. Beside 4.333 ms the last 4 take 4 +
  // 0.25
  // * 4.333. The copy back is one more.
  compute.overlap->ready = {4 * ms, 6 * ms};
  compute.overlap->ddp->copy = {Seconds{}, ms};
  CHECK(times({plan({values(0), values(1)})}, compute)[0].compute.value ==
        Approx(4e-3 + 2e-3 / 0.75 + 1e-3 + 4e-3 + 0.25 * (13e-3 / 3) + 1e-3));
}

TEST_CASE("nothing hides where the host waits for a bucket's exchanges", "[overlap]") {
  // Computing 0-4, encode 4-5, exchange 5-11, decode 11-11.25; computing -17.25, encode -18.25,
  // exchange -24.25, decode -24.5.
  std::vector<Stage> stages;
  for (const std::uint32_t bucket : {0, 1}) {
    for (const auto& stage :
         {work("encode", 1, bucket), values(bucket), work("decode", 0.25, bucket)})
      stages.push_back(stage);
  }
  auto compute = computing(10, {4, 10});
  compute.overlap->waits = true;
  const auto step = times({plan(stages)}, compute)[0];
  CHECK(step.compute.value == Approx(10e-3));
  CHECK(step.compress.value == Approx(2.5e-3));
  CHECK(step.exposed_exchange.value == Approx(12e-3));
  CHECK(step.total.value == Approx(24.5e-3));
}

TEST_CASE("exchanges go one after the other where they take longer than computing", "[overlap]") {
  // Ready at 2 and 4 ms, but the second waits for the first: 2-8 and 8-14; the backward pass ends
  // at 10 ms.
  const auto step = times({plan({values(0), values(1)})}, computing(10, {2, 4}))[0];
  CHECK(step.total.value == Approx(14e-3));
  CHECK(step.exposed_exchange.value == Approx(4e-3));
}

TEST_CASE("selecting delays the backward pass, packing does not", "[overlap]") {
  std::vector<Stage> stages;
  for (const std::uint32_t bucket : {0, 1}) {
    for (const auto& stage : {work("select", 1, bucket), masks(bucket), work("pack", 0.5, bucket),
                              values(bucket), work("unpack", 0.25, bucket)})
      stages.push_back(stage);
  }
  // Computing 0-4, select 4-5, computing 5-11, select 11-12. Bucket 0: masks 5-7, pack 7-7.5
  // (beside computing), values 7.5-13.5, unpack 13.5-13.75.
  SECTION("masks with their values") {
    // Bucket 1: masks 13.5-15.5, pack -16, values -22, unpack -22.25. Pruning beside nothing: two
    // selects, one pack, two unpacks.
    const auto step = times({plan(stages)}, computing(10, {4, 10}))[0];
    CHECK(step.compute.value == Approx(10e-3));
    CHECK(step.compress.value == Approx(3e-3));
    CHECK(step.exposed_exchange.value == Approx(9.25e-3));
    CHECK(step.total.value == Approx(22.25e-3));
  }
  SECTION("masks a bucket ahead") {
    // The values of bucket 0 wait for the masks of bucket 1: 12-14; values 14-20 beside pack
    // 14-14.5; values of bucket 1 20-26, unpack -26.25.
    const auto step = times({plan(stages)}, computing(10, {4, 10}, true))[0];
    CHECK(step.compress.value == Approx(3e-3));
    CHECK(step.total.value == Approx(26.25e-3));
  }
  SECTION("masks a bucket ahead, of buckets that are ready early") {
    // Selects 1-2 and 3-4, computing ends at 12. With: masks 2-4, pack -4.5, values -10.5, masks
    // -12.5, pack -13, values -19, unpack. Ahead: masks 2-4, masks 4-6, values 6-12, values 12-18.
    const auto with = times({plan(stages)}, computing(10, {1, 2}))[0];
    const auto ahead = times({plan(stages)}, computing(10, {1, 2}, true))[0];
    CHECK(with.total.value == Approx(19.25e-3));
    CHECK(ahead.total.value == Approx(18.25e-3));
  }
}

TEST_CASE("the step's jitter stretches all of its ready times", "[overlap]") {
  // On hosts of speed 1/2 everything that is computed takes twice as long: ready at 8 and 20 ms.
  auto topology = uniform_ring(2, 1e6, 1e-3);
  for (const Rank rank : {0, 1}) {
    auto host = topology.host(rank);
    host.speed = 0.5;
    topology.set_host(rank, host);
  }
  const StepPlans plans(std::vector{plan({values(0), values(1)})});
  const auto timing = time_steps(topology, plans, 2, computing(10, {4, 10}), run_recurrence);
  CHECK(timing.end.value == Approx(26e-3));
  auto jittering = computing(10, {4, 10});
  jittering.jitter = 0.3;
  const auto& host = topology.host(0);
  const auto jittered_timing =
      time_steps(uniform_ring(2, 1e6, 1e-3), plans, 2, jittering, run_recurrence);
  const double slower =
      std::max(jittered(jittering, host, 0, 0).value, jittered(jittering, host, 1, 0).value);
  CHECK(jittered_timing.end.value == Approx(slower + 6e-3));
}

TEST_CASE("what intervals cover without others", "[overlap]") {
  const auto length = [](const std::vector<TimeInterval>& of,
                         const std::vector<TimeInterval>& without) {
    return length_without(of, without).value;
  };
  CHECK(length({}, {{{0}, {1}}}) == 0);
  CHECK(length({{{0}, {4}}, {{2}, {5}}}, {}) == 5);                          // overlapping
  CHECK(length({{{0}, {10}}}, {{{1}, {2}}, {{4}, {6}}, {{9}, {20}}}) == 6);  // 0-1, 2-4, 6-9
  CHECK(length({{{1}, {2}}, {{4}, {6}}}, {{{0}, {10}}}) == 0);
  CHECK(length({{{0}, {1}}, {{5}, {6}}}, {{{2}, {3}}}) == 2);
}
