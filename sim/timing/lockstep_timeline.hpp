#pragma once
// The times of steps of which each waits for its exchange: a step lasts from the end of the one
// before to its own, and all that a rank computes and compresses in that time is the step's.
#include "base/spool.hpp"
#include "sim/timing/exchange_times.hpp"
#include "sim/timing/step_times.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace ringsim {

class LockstepTimeline {
 public:
  /// `overlaps`: ranks may compress while they compute.
  LockstepTimeline(std::uint64_t steps, Rank ranks, bool overlaps);

  // Events, in order of time.
  void add(const DelayEvent& event);
  void add(const CollectiveEvent& event);
  /// Where it says that an exchange is done, the rank has ended the step.
  void add(const MarkEvent& event);

  /// The exchanges from `step` on begin again.
  void begin_again(std::uint64_t step);

  /// What each rank did in a step that it has ended, and the step's exchange: of one of the last
  /// steps.
  const std::vector<RankStep>& ranks(std::uint64_t step) const {
    return window_[step - first_].ranks;
  }
  const ExchangeTime& exchange(std::uint64_t step) const { return window_[step - first_].exchange; }

  /// Once all ranks that live have ended all steps. Steps are told to `sink`, where there is one.
  Timing timing(BackendResult result, const StepSink& sink = {}) const;

 private:
  struct Delays {
    std::vector<TimeInterval> computing, compressing;
  };
  struct Step {
    std::vector<RankStep> ranks;
    ExchangeTime exchange = {};
    Rank ended = 0;  ///< how many ranks have ended it
  };

  Step& at(std::uint64_t step);
  void put_away();
  std::vector<RankStep> ranks_of(std::uint64_t step) const;
  RankStep of(std::uint64_t step, Rank rank) const;
  Seconds exchanged(std::uint64_t step) const;

  std::uint64_t steps_;
  Rank ranks_;
  // Steps that are long over are put away: a run may have many.
  Spool<RankStep> ranks_before_;     ///< [step * ranks + rank], of the steps before `first_`
  Spool<Seconds> exchanged_before_;  ///< how long the exchanges of those steps were
  std::uint64_t first_ = 0;
  std::deque<Step> window_;        ///< the steps from `first_` on, as far as anything happened
  std::vector<Delays> under_way_;  ///< per rank, of its step; empty without overlap
};

}  // namespace ringsim
