#include "sim/timing/late_timeline.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ringsim {

void LateTimeline::add(const DelayEvent& event) {
  auto& rank = ranks_[event.rank];
  auto& intervals = event.kind == DelayKind::compress ? rank.compress : rank.compute;
  if (event.duration > Seconds{}) intervals.push_back({event.start, event.start + event.duration});
}

void LateTimeline::apply(Rank rank, std::uint64_t, Seconds time) {
  ranks_[rank].applied.push_back(time);
}

void LateTimeline::begin_again(std::uint64_t step) {
  for (auto& rank : ranks_) rank.applied.resize(std::min<std::size_t>(rank.applied.size(), step));
  exchanges_.begin_again(step);
}

Timing LateTimeline::timing(BackendResult result) const {
  std::vector<std::vector<RankStep>> steps(exchanges_.steps(),
                                           std::vector<RankStep>(ranks_.size()));
  Seconds end;
  for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
    const auto& [compute, compress, applied] = ranks_[rank];
    // Compressing hides behind computing.
    const auto hidden = intersection(compress, compute);
    Seconds start;
    // A rank that has died has not applied all steps.
    for (std::size_t step = 0; step < applied.size(); ++step) {
      const TimeInterval window{start, applied[step]};
      steps[step][rank] = {
          .compute = length_within(compute, window),
          .compress = length_within(compress, window) - length_within(hidden, window),
          .end = window.until};
      start = window.until;
    }
    if (applied.size() == steps.size()) end = std::max(end, start);
  }
  return {end, step_times(steps_that_hold_up(steps), exchanges_), std::move(result.links),
          std::move(result.critical_path)};
}

}  // namespace ringsim
