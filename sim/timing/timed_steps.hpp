#pragma once
// Steps of which each waits for its exchange, as a program and its timeline.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/lockstep_steps.hpp"
#include "sim/timing/lockstep_timeline.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

namespace ringsim {

/// Lockstep steps, or overlapped ones where `compute` says so (then nobody may die).
class TimedSteps {
 public:
  /// `topology` and `plans` have to outlive it, and it its program.
  TimedSteps(const Topology& topology, const StepPlans& plans, Rank ranks,
             const ComputeModel& compute, const Recovery& recovery = {});
  TimedSteps(const TimedSteps&) = delete;
  TimedSteps& operator=(const TimedSteps&) = delete;

  /// Runs once, with an observer that passes on its events.
  Program program();
  void on_mark(const MarkEvent& event);
  void add(const CollectiveEvent& event) { timeline_.add(event); }
  void add(const DelayEvent& event) { timeline_.add(event); }

  const LockstepTimeline& timeline() const { return timeline_; }

 private:
  Recovery told(const Recovery& recovery);

  const Topology& topology_;
  const StepPlans& plans_;
  Rank ranks_;
  ComputeModel compute_;
  LockstepTimeline timeline_;
  LockstepProgram lockstep_;
};

}  // namespace ringsim
