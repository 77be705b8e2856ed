#pragma once
// Steps that are run once, and taken as often as they come again.
//
// Where nothing depends on the time itself (no jitter, nothing that changes or dies), a step
// follows from its plan and from when each rank begins it, in relation to the first one. So each
// step is run on its own, with times that count from that moment, and a step that begins as one
// before and has its plan is that step once more.
//
// That is right where nothing of the step before is under way any more when the first message of a
// step starts. Where it is, the steps run into each other; then all are run together.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/step_chain.hpp"
#include "sim/timing/step_plan.hpp"
#include "sim/timing/timed_steps.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ringsim {

/// Whether what a step takes depends on nothing but its plan and on when the ranks begin it.
bool is_steady(const Topology& topology, Rank ranks, const ComputeModel& compute);

/// How many steps of so many plans are run, at most: who has not come round by then may not do so
/// for long.
template <class Number>
constexpr Number most_run_steps(Number plans) {
  return 64 + 2 * plans;
}

class RepeatedSteps {
 public:
  /// Ranks begin a step as in another one where it is within `tolerance` of how long that lasts.
  /// Where steps run into each other, or do not come round for long, `run_whole` says what is run
  /// instead. `topology` and `plans` have to outlive it.
  RepeatedSteps(const Topology& topology, const StepPlans& plans, Rank ranks,
                const ComputeModel& compute, double tolerance,
                std::function<const Program*()> run_whole);
  RepeatedSteps(const RepeatedSteps&) = delete;
  RepeatedSteps& operator=(const RepeatedSteps&) = delete;

  /// The steps that have to be run, one after the other. It has to outlive the program.
  Program program();
  /// The step that is run, which is told what happens.
  TimedSteps& step() { return *step_; }
  /// A transfer or delay of the step that is run, where somebody wants to be told of all.
  void add(const TransferEvent& event) { record_.transfers.push_back(event); }

  void add(const DelayEvent& event) { record_.delays.push_back(event); }

  /// All steps, once the program has run.
  const StepChain& chain() const { return chain_; }

 private:
  void begin(std::uint32_t plan, std::vector<Seconds> begin);
  const Program* go_on(const BackendResult& result);
  void keep(const BackendResult& result);
  /// Takes steps as long as they have been run. Whether one is left that has not.
  bool take();
  std::optional<std::uint32_t> find(std::uint32_t plan, const std::vector<Seconds>& begin) const;

  const Topology& topology_;
  const StepPlans& plans_;
  Rank ranks_;
  ComputeModel compute_;
  double tolerance_;
  std::function<const Program*()> run_whole_;
  StepChain chain_;
  /// Which record follows on a record where the next step has a plan.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> followed_by_;

  // The step that is run.
  StepRecord record_;
  StepPlans plan_;
  std::unique_ptr<TimedSteps> step_;
  Program program_;
};

}  // namespace ringsim
