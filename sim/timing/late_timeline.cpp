#include "sim/timing/late_timeline.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ringsim {

void LateTimeline::add(const DelayEvent& event) {
  auto& rank = ranks_[event.rank];
  auto& intervals = event.kind == DelayKind::prune ? rank.prune : rank.compute;
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
  std::vector<std::optional<Seconds>> ends;
  for (const auto& [compute, prune, applied] : ranks_) {
    // A rank that has died has not applied all steps.
    const bool lives = applied.size() == exchanges_.steps();
    ends.push_back(lives ? std::optional(applied.back()) : std::nullopt);
  }
  const auto& last = ranks_[last_to_end(ends)];
  // Pruning hides behind computing.
  const auto hidden = intersection(last.prune, last.compute);
  std::vector<RankStep> steps;
  Seconds start;
  for (const Seconds end : last.applied) {
    const TimeInterval window{start, end};
    steps.push_back({.compute = length_within(last.compute, window),
                     .prune = length_within(last.prune, window) - length_within(hidden, window),
                     .end = end});
    start = end;
  }
  return {last.applied.back(), step_times(steps, exchanges_), std::move(result.links),
          std::move(result.critical_path)};
}

}  // namespace ringsim
