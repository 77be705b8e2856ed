#pragma once
// What the steps of a run send and learn, before anything is timed.
#include "base/repeated.hpp"
#include "sim/learning/training_options.hpp"
#include "sim/run/experiment.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/run/training_job.hpp"
#include "sim/timing/step_plan.hpp"
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

  friend bool operator==(const RecordedStep&, const RecordedStep&) = default;
};

/// The layers of a step, as they are in a later one.
struct LaterLayers {
  std::vector<LayerRow> operator()(std::vector<LayerRow> layers, std::uint64_t later) const {
    for (auto& row : layers) row.step += later;
    return layers;
  }
};

/// What is recorded for timing and for the tables. It depends on the options that
/// is_timing_option() does not name (and on the number of ranks), so that one recording serves any
/// network.
struct Recording {
  Repeated<RecordedStep> steps;
  Repeated<std::vector<LayerRow>, LaterLayers> layers;  ///< of each step
  std::uint64_t kept = 0;
  std::size_t parameters = 0;
  std::uint64_t warmup_steps = 0;
  TrainingResult trained;  ///< empty where nothing is trained
  std::vector<Summary::Input> inputs;
};

/// Draws steps whose sizes follow from no gradients (draws_sizes()).
class StepDrawer {
 public:
  explicit StepDrawer(const Experiment& experiment);

  struct Step {
    RecordedStep step;
    std::vector<LayerRow> layers;
    std::uint64_t kept = 0;
  };
  /// The step in which `ranks` take part.
  Step operator()(std::uint64_t step, Rank ranks, const RunObserver& observer);

  std::uint64_t steps() const { return experiment_.options.steps.value_or(1); }
  std::size_t parameters() const { return total_parameters(layers_); }

 private:
  const Experiment& experiment_;
  Layers layers_;
  SchemeOptions options_;
};

/// What is recorded of `job` beside its steps, once it has been trained.
void complete(Recording& recording, const TrainingJob& job, TrainingResult trained);

/// Trains, replays or draws all steps; `deaths` are those of ranks, in order of time.
Recording record_steps(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                       const RunObserver& observer);

/// The first steps alone, of an experiment that draws them.
Recording record_first_steps(const Experiment& experiment, std::uint64_t steps);

/// The plan of a step with the collective and the costs of the experiment.
StepPlan plan_step(const Experiment& experiment, const RecordedStep& step);
/// The plans of all steps with the collective and the costs of the experiment.
StepPlans plan_steps(const Experiment& experiment, const Repeated<RecordedStep>& steps);

}  // namespace ringsim
