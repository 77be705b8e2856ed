#pragma once
// What a step's time is spent on, on the rank that ends the run last: computing, pruning that does
// not hide behind computing, and exchanges that hide behind neither.
#include "base/rank.hpp"
#include "sim/backend/backend.hpp"
#include "sim/timing/exchange_times.hpp"

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

/// One step, as the rank that finishes the run last sees it. total = compute + prune +
/// exposed_exchange: prune is the time in which the rank prunes and does not compute,
/// exposed_exchange that in which it does neither.
struct StepTime {
  Seconds start;  ///< when that rank's previous step ended
  Seconds compute, prune, exchange, exposed_exchange, total;
};

struct Timing {
  Seconds end;  ///< when the last rank has ended its last step
  std::vector<StepTime> steps;
  std::vector<LinkUse> links;  ///< one per link of the topology
  std::optional<CriticalPath> critical_path;
};

/// What a rank does of its own in a step, and when the step ends there.
struct RankStep {
  Seconds compute, prune, end;
};

/// The first of the ranks that end the run last; `ends` are absent of ranks that have died.
Rank last_to_end(const std::vector<std::optional<Seconds>>& ends);

/// The steps of the rank that ends the run last, from the first one on, one after the other.
std::vector<StepTime> step_times(const std::vector<RankStep>& steps,
                                 const ExchangeTimes& exchanges);

}  // namespace ringsim
