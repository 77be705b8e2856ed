#include "sim/timing/lockstep_timeline.hpp"

#include "base/child_process.hpp"
#include "base/random.hpp"

#include <catch2/catch.hpp>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>

using namespace ringsim;

namespace {

/// Tells the timeline a step in which each rank computes for a while and the exchange ends on all
/// ranks but the first one together.
std::vector<RankStep> tell_step(LockstepTimeline& timeline, std::uint64_t step,
                                const std::vector<Seconds>& computes, Seconds start) {
  std::vector<RankStep> ranks;
  for (const Seconds compute : computes) {
    timeline.add(
        DelayEvent{static_cast<Rank>(ranks.size()), DelayKind::compute, step, start, compute});
    ranks.push_back({.compute = compute, .compress = {}});
  }
  const Seconds last = *std::ranges::max_element(computes, {}, &Seconds::value);
  timeline.add(CollectiveEvent{step, "values", 0, start + last, start + last + Seconds{1}});
  for (Rank rank = 0; rank < ranks.size(); ++rank) {
    ranks[rank].end = start + last + Seconds{rank == 0 ? 1 + step % 2 : 1.5};
    timeline.add(MarkEvent{rank, {MarkKind::exchange_done, step, 0}, *ranks[rank].end});
  }
  return ranks;
}

}  // namespace

TEST_CASE("steps that are put away have the times of steps that are kept", "[timing]") {
  constexpr Rank ranks = 200;
  constexpr std::uint64_t steps = 3000;  // 600,000 ranks in steps, of which 262,144 are kept
  Random random(1, Purpose::compute_jitter);
  LockstepTimeline timeline(steps, ranks, false);
  std::vector<std::vector<RankStep>> kept;
  ExchangeTimes exchanges(steps);
  Seconds start;
  for (std::uint64_t step = 0; step < steps; ++step) {
    std::vector<Seconds> computes(ranks);
    for (auto& compute : computes) compute = Seconds{random.uniform()};
    kept.push_back(tell_step(timeline, step, computes, start));
    const Seconds last = *std::ranges::max_element(computes, {}, &Seconds::value);
    exchanges.add({step, "values", 0, start + last, start + last + Seconds{1}});
    start = std::max(*kept.back()[0].end, *kept.back()[1].end);
  }
  const auto expected = step_times(steps_that_hold_up(kept), exchanges);
  const auto numbers = [](const StepTime& time) {
    return std::vector{time.start.value,    time.compute.value,          time.compress.value,
                       time.exchange.value, time.exposed_exchange.value, time.total.value};
  };
  std::uint64_t told = 0, wrong = 0;
  const auto timing = timeline.timing({start, {}}, [&](const StepTime& time, std::uint64_t count) {
    if (numbers(time) != numbers(expected[told])) ++wrong;
    told += count;
  });
  CHECK(told == steps);
  CHECK(wrong == 0);
  CHECK(timing.steps.empty());
  CHECK(timeline.timing({start, {}}).steps.size() == steps);
}

TEST_CASE("the times of many steps take little memory", "[timing][memory]") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return;  // which takes several times as much
#endif
  const auto taken = [](std::uint64_t steps) {
    malloc_trim(0);
    const auto text = call_in_child([steps] {
      LockstepTimeline timeline(steps, 2, false);
      for (std::uint64_t step = 0; step < steps; ++step)
        tell_step(timeline, step, {Seconds{1}, Seconds{2}},
                  Seconds{5.0 * static_cast<double>(step)});
      timeline.timing({{}, {}}, [](const StepTime&, std::uint64_t) {});
      rusage usage{};
      getrusage(RUSAGE_SELF, &usage);
      return std::to_string(usage.ru_maxrss);
    });
    REQUIRE(!text.failed);
    constexpr double kibi = 1024;
    return kibi * std::stod(text.text);
  };
  // 4 bytes a step for the rank that holds it up, and what happens to be in the way of the heap.
  CHECK(taken(400'000) - taken(200'000) < 200'000 * 4 + 2e6);
}
