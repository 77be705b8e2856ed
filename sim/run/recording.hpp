#pragma once
// What the steps of a run send and learn, before anything is timed.
#include "sim/learning/lockstep_training.hpp"
#include "sim/run/experiment.hpp"
#include "sim/run/run.hpp"
#include "sim/timing/step_plan.hpp"
#include "sim/timing/step_timing.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace ringsim {

/// One step: what it exchanges and what it learned.
struct RecordedStep {
  Rank ranks;  ///< that take part
  std::vector<KeptStage> stages;
  std::optional<double> loss, accuracy;
};

/// What is recorded for timing and for the tables. It depends on the options that
/// is_timing_option() does not name (and on the number of ranks), so that one recording serves any
/// network.
struct Recording {
  std::vector<RecordedStep> steps;
  std::vector<LayerRow> layers;
  std::uint64_t kept = 0;
  std::size_t parameters = 0;
  std::uint64_t warmup_steps = 0;
  TrainingResult trained;  ///< empty where nothing is trained
  std::vector<Summary::Input> inputs;
};

/// Trains, replays or draws all steps; `deaths` are those of ranks, in order of time.
Recording record_steps(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                       const RunObserver& observer);

/// The plans of all steps with the collective and the costs of the experiment.
std::vector<StepPlan> plan_steps(const Experiment& experiment,
                                 const std::vector<RecordedStep>& steps);

/// RunObserver::on_fault, when `left` ranks begin a step again.
void tell_of_death(const Recovery::Death& death, Rank left, const RunObserver& observer);

/// Ranks that are left in a step.
Rank alive_in(std::uint64_t step, Rank ranks, const std::vector<TrainedDeath>& deaths);

}  // namespace ringsim
