#include "sim/timing/late_timeline.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {

void StaleTimeline::add(const DelayEvent& event) {
  auto& rank = ranks_[event.rank];
  auto& intervals = event.kind == DelayKind::prune ? rank.prune : rank.compute;
  if (event.duration > Seconds{}) intervals.push_back({event.start, event.start + event.duration});
}

void StaleTimeline::apply(Rank rank, std::uint64_t, Seconds time) {
  ranks_[rank].applied.push_back(time);
}

void StaleTimeline::begin_again(std::uint64_t step) {
  for (auto& rank : ranks_) rank.applied.resize(std::min<std::size_t>(rank.applied.size(), step));
  exchanges_.begin_again(step);
}

Seconds StaleTimeline::overlap(const std::vector<Interval>& intervals, const Interval& window) {
  Seconds sum;
  for (auto at = std::ranges::lower_bound(intervals, window.from, {}, &Interval::until);
       at != intervals.end() && at->from < window.until; ++at) {
    sum += std::min(at->until, window.until) - std::max(at->from, window.from);
  }
  return sum;
}

Timing StaleTimeline::timing(BackendResult result) const {
  // A rank that has died has not applied all steps.
  const auto ends_earlier = [](const OfRank& a, const OfRank& b) {
    if (a.applied.size() != b.applied.size()) return a.applied.size() < b.applied.size();
    return !a.applied.empty() && a.applied.back() < b.applied.back();
  };
  const auto& last = *std::max_element(ranks_.begin(), ranks_.end(), ends_earlier);
  Timing timing{last.applied.back(), {}, std::move(result.links), std::move(result.critical_path)};
  // Pruning hides behind computing.
  std::vector<Interval> both;
  for (const auto& prune : last.prune) {
    for (auto at = std::ranges::lower_bound(last.compute, prune.from, {}, &Interval::until);
         at != last.compute.end() && at->from < prune.until; ++at) {
      both.push_back({std::max(at->from, prune.from), std::min(at->until, prune.until)});
    }
  }
  Seconds start;
  for (std::size_t step = 0; step < exchanges_.steps(); ++step) {
    const Interval window{start, last.applied[step]};
    StepTime time{.start = start,
                  .compute = overlap(last.compute, window),
                  .prune = overlap(last.prune, window) - overlap(both, window),
                  .exchange = exchanges_.duration(step),
                  .exposed_exchange = {},
                  .total = window.until - window.from};
    // The difference of sums may be a rounding error below zero.
    time.exposed_exchange = std::max(Seconds{}, time.total - time.compute - time.prune);
    timing.steps.push_back(time);
    start = window.until;
  }
  return timing;
}

}  // namespace ringsim
