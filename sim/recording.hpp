#pragma once
// What the steps of a run send and learn, before anything is timed.
#include "sim/experiment.hpp"
#include "sim/run.hpp"
#include "sim/step_plan.hpp"
#include "sim/training.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <vector>

namespace ringsim {

/// What is recorded for timing and for the tables.
struct Recording {
  std::vector<StepPlan> plans;
  std::vector<StepRow> rows;  ///< without times
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

/// Ranks that are left in a step.
Rank alive_in(std::uint64_t step, Rank ranks, const std::vector<TrainedDeath>& deaths);

}  // namespace ringsim
