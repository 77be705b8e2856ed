#include "sim/run/lockstep_run.hpp"

#include "base/error.hpp"
#include "base/free_memory.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/faults.hpp"
#include "sim/run/headroom.hpp"
#include "sim/run/step_rows.hpp"
#include "sim/timing/step_timing.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringsim {
namespace {

/// A recording and its plans. Once hosts have died, all steps are recorded anew: up to the one that
/// was under way they come out as before, since the same seed gives the same steps.
class PlannedSteps {
 public:
  PlannedSteps(const Experiment& experiment, const RunObserver& observer,
               const Recording& recording)
      : experiment_(experiment),
        faults_(experiment.ranks, observer),
        recording_(&recording),
        plans_(plan_steps(experiment, recording.steps)) {}
  PlannedSteps(const PlannedSteps&) = delete;
  PlannedSteps& operator=(const PlannedSteps&) = delete;

  const Recording& recording() const { return *recording_; }
  const StepPlans& plans() const { return plans_; }

  Recovery recovery() {
    return {.detection = experiment_.options.detection,
            .replan = [this](const auto& deaths) { replan(deaths); }};
  }

  /// Without times.
  StepRows rows() const { return step_rows(*recording_, plans_); }
  std::vector<FaultRow> faults() const { return faults_.rows(recording_->trained.lost_mass); }

 private:
  void replan(const std::vector<RankDeath>& deaths) {
    faults_.add(deaths);
    anew_ = record_steps(experiment_, faults_.trained_deaths(), {});
    recording_ = &*anew_;
    plans_ = plan_steps(experiment_, recording_->steps);
  }

  const Experiment& experiment_;
  Faults faults_;
  const Recording* recording_;
  std::optional<Recording> anew_;
  StepPlans plans_;
};

/// Times the plans on the backend that the options name; `backend` becomes the one that ran.
Timing time_on_backend(const Experiment& experiment, const StepPlans& plans,
                       const RunObserver& observer, const Recovery& recovery,
                       std::string& backend) {
  std::function<void(const TransferEvent&)> on_transfer;
  if (observer.on_transfer) {
    on_transfer = [&](const TransferEvent& event) { observer.on_transfer(transfer_row(event)); };
  }
  Timing timing;
  const auto time_on = [&](const BackendAttempt& attempt) {
    const auto require_exact = [&](const Program& program) {
      attempt.require_exact(experiment.topology, program);
    };
    timing =
        time_steps(experiment.topology, plans, experiment.ranks, compute_model(experiment),
                   attempt.backend.run, on_transfer, recovery,
                   {.clock_rounding = attempt.backend.clock_rounding,
                    .before_telling = require_exact,
                    .before_running_all = [&] {
                      check_memory(memory_needs(experiment, false), [] { return free_memory(); });
                    }});
  };
  backend =
      run_on_backend(experiment.options.backend, experiment.topology, experiment.ranks, time_on)
          .name;
  return timing;
}

}  // namespace

RunResult time_recording(const Experiment& experiment, const Recording& recorded,
                         const RunObserver& observer) {
  PlannedSteps steps(experiment, observer, recorded);
  std::string backend;
  const auto tables = [&] {
    const auto timing =
        time_on_backend(experiment, steps.plans(), observer, steps.recovery(), backend);
    return make_tables(experiment,
                       {.recording = steps.recording(),
                        .timing = timing,
                        .backend = backend,
                        .steps = steps.rows(),
                        .faults = steps.faults()},
                       observer);
  };
  auto result = tables();
  if (experiment.options.finds_headroom.value_or(true)) {
    auto& summary = result.summary;
    summary.headroom_seconds =
        find_headroom(experiment, steps.recording(), Seconds{summary.seconds_per_step.total});
  }
  return result;
}

}  // namespace ringsim
