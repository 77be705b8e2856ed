#include "sim/timing/step_times.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace ringsim {

Seconds length_within(const std::vector<TimeInterval>& intervals, const TimeInterval& window) {
  Seconds sum;
  for (auto at = std::ranges::lower_bound(intervals, window.from, {}, &TimeInterval::until);
       at != intervals.end() && at->from < window.until; ++at) {
    sum += std::min(at->until, window.until) - std::max(at->from, window.from);
  }
  return sum;
}

Seconds length_without(const std::vector<TimeInterval>& intervals,
                       const std::vector<TimeInterval>& holes) {
  Seconds sum, covered;  // up to `covered` all has been counted
  auto hole = holes.begin();
  for (const auto& interval : intervals) {
    Seconds from = std::max(interval.from, covered);
    while (from < interval.until) {
      while (hole != holes.end() && hole->until <= from) ++hole;
      if (hole == holes.end() || hole->from >= interval.until) {
        sum += interval.until - from;
        from = interval.until;
      } else {
        if (hole->from > from) sum += hole->from - from;
        from = hole->until;
      }
    }
    covered = std::max(covered, interval.until);
  }
  return sum;
}

std::vector<TimeInterval> intersection(const std::vector<TimeInterval>& a,
                                       const std::vector<TimeInterval>& b) {
  std::vector<TimeInterval> both;
  for (const auto& interval : a) {
    for (auto at = std::ranges::lower_bound(b, interval.from, {}, &TimeInterval::until);
         at != b.end() && at->from < interval.until; ++at) {
      both.push_back({std::max(at->from, interval.from), std::min(at->until, interval.until)});
    }
  }
  return both;
}

Rank rank_that_holds_up(const std::vector<RankStep>& ranks, Seconds end,
                        const std::function<Seconds(Rank)>& begin) {
  Rank chosen = 0;
  Seconds latest{-1};
  for (Rank rank = 0; rank < ranks.size(); ++rank) {
    const auto& own = ranks[rank];
    if (!own.end || is_later(end, *own.end) || is_later(*own.end, end)) continue;
    const Seconds ready = begin(rank) + own.compute + own.compress;
    if (!is_later(ready, latest)) continue;
    latest = ready;
    chosen = rank;
  }
  return chosen;
}

std::vector<Rank> ranks_that_hold_up(
    std::uint64_t steps, const std::function<std::vector<RankStep>(std::uint64_t step)>& ranks_of) {
  std::vector<Rank> chosen(steps);
  if (steps == 0) return chosen;
  auto ranks = ranks_of(steps - 1);
  Seconds end;  // of the step
  for (const auto& rank : ranks) end = std::max(end, rank.end.value_or(Seconds{}));
  for (std::uint64_t step = steps; step-- > 0;) {
    auto before = step > 0 ? ranks_of(step - 1) : std::vector<RankStep>();
    const auto begin = [&](Rank rank) { return step > 0 ? before[rank].end.value() : Seconds{}; };
    chosen[step] = rank_that_holds_up(ranks, end, begin);
    end = begin(chosen[step]);
    ranks = std::move(before);
  }
  return chosen;
}

std::vector<RankStep> steps_that_hold_up(const std::vector<std::vector<RankStep>>& steps) {
  const auto chosen =
      ranks_that_hold_up(steps.size(), [&](std::uint64_t step) { return steps[step]; });
  std::vector<RankStep> held_up;
  held_up.reserve(steps.size());
  for (std::size_t step = 0; step < steps.size(); ++step)
    held_up.push_back(steps[step][chosen[step]]);
  return held_up;
}

StepTimes step_times(const std::vector<RankStep>& steps, const ExchangeTimes& exchanges) {
  StepTimes times;
  Seconds start;
  for (const auto& step : steps) {
    times.add(step_time(start, step, step.end.value(), exchanges.duration(times.size())));
    start = *step.end;
  }
  return times;
}

StepTime step_time(Seconds start, const RankStep& step, Seconds end, Seconds exchange) {
  StepTime time{.start = start,
                .compute = step.compute,
                .compress = step.compress,
                .exchange = exchange,
                .exposed_exchange = {},
                .total = end - start};
  // Nothing is exposed where nothing is exchanged; the difference of sums may then be a rounding
  // error, of either sign.
  const Seconds exposed = time.total - time.compute - time.compress;
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * end.value;
  if (exposed.value > rounding) time.exposed_exchange = exposed;
  return time;
}

}  // namespace ringsim
