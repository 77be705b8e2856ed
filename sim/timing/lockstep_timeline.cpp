#include "sim/timing/lockstep_timeline.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {

LockstepTimeline::LockstepTimeline(std::size_t steps, Rank ranks, bool overlaps)
    : steps_(steps, std::vector<RankStep>(ranks)),
      under_way_(overlaps ? ranks : 0),
      exchanges_(steps) {}

void LockstepTimeline::add(const DelayEvent& event) {
  const bool compresses = event.kind == DelayKind::compress;
  auto& step = steps_[event.step][event.rank];
  if (!under_way_.empty()) {
    auto& [computing, compressing] = under_way_[event.rank];
    (compresses ? compressing : computing).push_back({event.start, event.start + event.duration});
    if (compresses) return;
  }
  (compresses ? step.compress : step.compute) += event.duration;
}

void LockstepTimeline::add(const MarkEvent& event) {
  if (event.mark.kind != MarkKind::exchange_done) return;
  const Rank rank = event.rank;
  const std::uint64_t step = event.mark.step;
  steps_[step][rank].end = event.time;
  if (under_way_.empty()) return;
  // Compressing that goes on beside computing takes no time of its own.
  auto& [computing, compressing] = under_way_[rank];
  std::ranges::sort(compressing, {}, &TimeInterval::from);
  steps_[step][rank].compress = length_without(compressing, computing);
  computing.clear();
  compressing.clear();
}

Timing LockstepTimeline::timing(BackendResult result) const {
  Timing timing{result.end, {}, std::move(result.links), std::move(result.critical_path)};
  if (steps_.empty()) return timing;
  timing.steps = step_times(steps_that_hold_up(steps_), exchanges_);
  return timing;
}

}  // namespace ringsim
