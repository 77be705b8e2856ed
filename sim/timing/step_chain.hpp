#pragma once
// Steps that were run each on its own, put together to a run in which each follows on the one
// before.
#include "base/repeated.hpp"
#include "sim/backend/backend.hpp"
#include "sim/timing/step_times.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ringsim {

/// A step that was run on its own. Its times count from the moment when its first rank begins.
struct StepRecord {
  std::uint32_t plan;           ///< of StepPlans::distinct()
  std::vector<Seconds> begin;   ///< per rank
  std::vector<RankStep> ranks;  ///< all of which have ended it
  Seconds exchange;             ///< how long it lasts
  std::vector<LinkUse> links;
  std::function<TracedPath(Rank)> path_of;  ///< up to the rank's end
  std::vector<TransferEvent> transfers;     ///< where somebody wants them
  std::vector<DelayEvent> delays;           ///< where somebody wants them

  Seconds first_end() const;  ///< when the first rank ends, with which the next step begins
  Seconds last_end() const;
  /// When each rank begins the next step.
  std::vector<Seconds> next_begin() const;
};

struct StepChain {
  std::vector<StepRecord> records;
  Repeated<std::uint32_t> steps;  ///< which record each step is

  /// As time_steps() has it. Steps are told to `sink`, where there is one.
  Timing timing(const Topology& topology, const StepSink& sink = {}) const;
  /// In order of time, as if all had been run.
  void tell(const std::function<void(const TransferEvent&)>& on_transfer) const;
  void tell_delays(const std::function<void(const DelayEvent&)>& on_delay) const;

 private:
  /// Calls with each step, its record and when the record's time 0 is.
  void for_steps(const std::function<void(std::uint64_t, const StepRecord&, Seconds)>& take) const;
  Seconds end() const;
  void tell_times(const StepSink& sink) const;
  std::vector<LinkUse> links() const;
  PathTimes path() const;
};

}  // namespace ringsim
