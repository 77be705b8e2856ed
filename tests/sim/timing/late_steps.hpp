#pragma once
// Runs of steps that do not wait for their exchanges, without training, and when what happened.
#include "sim/timing/late_steps.hpp"
#include "sim/timing/late_timeline.hpp"
#include "tests/sim/backend/programs.hpp"

#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace ringsim::test {

struct Happened {
  /// By rank and step; ready and apply by rank and number of the bucket through all steps.
  std::map<std::pair<Rank, std::uint64_t>, double> begin, ready, apply;
  Timing timing;
};

using Run = BackendResult (*)(const Topology&, const Program&, const Observer&);

/// Gradients in hand as LateCallbacks::begin_again says: begun before the update of `step` came.
inline std::vector<std::uint64_t> in_hand(const Happened& happened, Rank ranks, std::uint64_t step,
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
inline Happened run_steps(Run backend, const Topology& topology, const LateSchedule& schedule,
                          std::size_t bytes, const ComputeModel& compute = {.time = Seconds{1}}) {
  const std::vector<Stage> stages = {{"values", AllReduce{bytes / 4, Bytes{4}}}};
  auto left = schedule.ranks;
  std::deque<StepPlan> plans;
  const auto make_plan = [&] {
    plans.push_back(plan_step(stages, left, {&find_collective("ring"), {}}, {}));
  };
  make_plan();
  Happened happened;
  LateTimeline timeline(schedule.steps, schedule.ranks);
  LateProgram program(topology, schedule, compute,
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
                           [&](const std::vector<RankDeath>& deaths) {
                             const std::uint64_t step = deaths.front().step;
                             left -= static_cast<Rank>(deaths.size());
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

}  // namespace ringsim::test
