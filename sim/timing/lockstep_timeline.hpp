#pragma once
// The times of steps of which each waits for its exchange: a step lasts from the end of the one
// before to its own, and all that a rank computes and compresses in that time is the step's.
#include "sim/timing/exchange_times.hpp"
#include "sim/timing/step_times.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringsim {

class LockstepTimeline {
 public:
  /// `overlaps`: ranks may compress while they compute.
  LockstepTimeline(std::size_t steps, Rank ranks, bool overlaps);

  // Events, in order of time.
  void add(const DelayEvent& event);
  void add(const CollectiveEvent& event) { exchanges_.add(event); }
  /// Where it says that an exchange is done, the rank has ended the step.
  void add(const MarkEvent& event);

  /// The exchanges from `step` on begin again.
  void begin_again(std::uint64_t step) { exchanges_.begin_again(step); }

  /// What each rank did in a step that it has ended.
  const std::vector<RankStep>& ranks(std::uint64_t step) const { return steps_[step]; }
  const ExchangeTimes& exchanges() const { return exchanges_; }

  /// Once all ranks that live have ended all steps.
  Timing timing(BackendResult result) const;

 private:
  struct Delays {
    std::vector<TimeInterval> computing, compressing;
  };

  std::vector<std::vector<RankStep>> steps_;  ///< [step][rank]
  std::vector<Delays> under_way_;             ///< per rank, of its step; empty without overlap
  ExchangeTimes exchanges_;
};

}  // namespace ringsim
