#pragma once
// What a step's time is spent on, on the rank that holds up the run: computing, compressing that
// does not hide behind computing, and exchanges that hide behind neither.
#include "base/rank.hpp"
#include "base/repeated.hpp"
#include "sim/backend/backend.hpp"
#include "sim/timing/exchange_times.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ringsim {

struct TimeInterval {
  Seconds from, until;
};

/// The total length of `intervals` within `window`. They are in order and apart from each other.
Seconds length_within(const std::vector<TimeInterval>& intervals, const TimeInterval& window);
/// The total length of `intervals` without what `holes` cover. Both in order of their starts.
Seconds length_without(const std::vector<TimeInterval>& intervals,
                       const std::vector<TimeInterval>& holes);
/// What lies in both; each in order and apart from each other.
std::vector<TimeInterval> intersection(const std::vector<TimeInterval>& a,
                                       const std::vector<TimeInterval>& b);

/// One step, as the rank that holds up the run sees it. total = compute + compress +
/// exposed_exchange: compress is the time in which the rank compresses and does not compute,
/// exposed_exchange that in which it does neither.
struct StepTime {
  Seconds start;  ///< when the step before ended
  Seconds compute, compress, exchange, exposed_exchange, total;
};

/// Steps that are the same follow each other without a gap.
struct LaterStep {
  StepTime operator()(StepTime time, std::uint64_t later) const {
    time.start += static_cast<double>(later) * time.total;
    return time;
  }
};
using StepTimes = Repeated<StepTime, LaterStep>;

/// Is told the steps' times in order: a step, and how many that are the same follow on each other
/// from it on.
using StepSink = std::function<void(const StepTime& time, std::uint64_t count)>;

struct Timing {
  Seconds end;                 ///< when the last rank has ended its last step
  StepTimes steps;             ///< empty where a StepSink was told
  std::vector<LinkUse> links;  ///< one per link of the topology
  std::optional<CriticalPath> critical_path;
};

/// What a rank does of its own in a step, and when the step ends there; absent where it does not.
struct RankStep {
  Seconds compute, compress;
  std::optional<Seconds> end = {};
};

/// The rank for which the others waited: the first of those that were ready last, among the ranks
/// that end a step at `end`, but for rounding. Rank i began the step at begin(i).
Rank rank_that_holds_up(const std::vector<RankStep>& ranks, Seconds end,
                        const std::function<Seconds(Rank)>& begin);

/// The rank that holds up the run, for each step. In the last step it is the rank that ends last,
/// or of those that end together the one that rank_that_holds_up() finds. In the step before it is
/// that rank again or, of those that ended that step together with it, the one that was ready last;
/// and so on. So a step begins when the one before ends. `ranks_of` says what all ranks did in a
/// step and is asked from the last step to the first; some rank has ended all of them.
std::vector<Rank> ranks_that_hold_up(
    std::uint64_t steps, const std::function<std::vector<RankStep>(std::uint64_t step)>& ranks_of);
/// What these ranks did; `steps` are [step][rank].
std::vector<RankStep> steps_that_hold_up(const std::vector<std::vector<RankStep>>& steps);

/// `steps`, from the first one on, one after the other.
StepTimes step_times(const std::vector<RankStep>& steps, const ExchangeTimes& exchanges);
/// One step that began at `start`.
StepTime step_time(Seconds start, const RankStep& step, Seconds end, Seconds exchange);

}  // namespace ringsim
