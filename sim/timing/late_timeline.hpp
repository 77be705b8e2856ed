#pragma once
// The times of steps that overlap. A step lasts, on the rank that holds up the run
// (steps_that_hold_up), from the moment when that rank has applied the step before to the moment
// when it has applied this one. What the rank computes in that time, for whichever step, is the
// step's compute; what it compresses while it does not compute is compress; the rest is exposed
// exchange.
#include "sim/timing/exchange_times.hpp"
#include "sim/timing/step_times.hpp"

#include <cstdint>
#include <vector>

namespace ringsim {

class LateTimeline {
 public:
  LateTimeline(std::uint64_t steps, Rank ranks) : ranks_(ranks), exchanges_(steps) {}

  // Events, in order of time.
  void add(const DelayEvent& event);
  void add(const CollectiveEvent& event) { exchanges_.add(event); }
  /// The rank has applied the update of `step`.
  void apply(Rank rank, std::uint64_t step, Seconds time);

  /// What was applied from `step` on was not: it will be applied again.
  void begin_again(std::uint64_t step);

  /// Once all ranks that live have applied all steps. What a rank does after that is no part of the
  /// run.
  Timing timing(BackendResult result) const;

 private:
  struct RankTimes {
    std::vector<TimeInterval> compute, compress;  ///< each in order, apart from each other
    std::vector<Seconds> applied;                 ///< per step
  };

  std::vector<RankTimes> ranks_;
  ExchangeTimes exchanges_;
};

}  // namespace ringsim
