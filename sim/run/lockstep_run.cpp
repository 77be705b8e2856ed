#include "sim/run/lockstep_run.hpp"

#include "base/error.hpp"
#include "base/free_memory.hpp"
#include "base/spool.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/equal_bandwidth.hpp"
#include "sim/run/faults.hpp"
#include "sim/run/headroom.hpp"
#include "sim/run/memory_needs.hpp"
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

/// Steps that are drawn when somebody asks for their plans; what the tables need of them is kept.
class DrawnSteps {
 public:
  DrawnSteps(const Experiment& experiment, const RunObserver& observer)
      : experiment_(experiment),
        observer_(observer),
        draw_(experiment),
        plans_(draw_.steps(), [this](std::uint64_t step) { return plan(step); }) {}
  DrawnSteps(const DrawnSteps&) = delete;
  DrawnSteps& operator=(const DrawnSteps&) = delete;

  const StepPlans& plans() const { return plans_; }
  Recording recording() const {
    Recording recording;
    recording.kept = kept_;
    recording.parameters = draw_.parameters();
    return recording;
  }
  /// Without its times.
  StepRow row(std::uint64_t step) const {
    StepRow row{};
    row.step = step;
    fill_bytes(sent_[step], row);
    row.delay_steps = 0;
    row.delay_max_steps = 0;
    return row;
  }

 private:
  StepPlan plan(std::uint64_t step) {
    const bool is_new = step == sent_.size();
    const auto drawn = draw_(step, experiment_.ranks, is_new ? observer_ : RunObserver{});
    auto plan = plan_step(experiment_, drawn.step);
    // Another backend, or a rank that is far behind, asks for it once more.
    if (!is_new) return plan;
    sent_.push_back(plan.sent);
    kept_ += drawn.kept;
    if (observer_.on_layer) {
      for (const auto& row : drawn.layers) observer_.on_layer(row);
    }
    return plan;
  }

  const Experiment& experiment_;
  const RunObserver& observer_;
  StepDrawer draw_;
  Spool<Payload> sent_;
  std::uint64_t kept_ = 0;
  StepPlans plans_;
};

/// Times the plans on the backend that the options name; `backend` becomes the one that ran.
Timing time_on_backend(const Experiment& experiment, const StepPlans& plans,
                       const RunObserver& observer, const Recovery& recovery,
                       const StepSink& on_step, std::string& backend) {
  std::function<void(const TransferEvent&)> on_transfer;
  if (observer.on_transfer) {
    on_transfer = [&](const TransferEvent& event) { observer.on_transfer(transfer_row(event)); };
  }
  std::function<void(const DelayEvent&)> on_delay;
  if (observer.on_work)
    on_delay = [&](const DelayEvent& event) { observer.on_work(rank_work(event)); };
  Timing timing;
  const auto time_on = [&](const BackendAttempt& attempt) {
    const auto require_exact = [&](const Program& program) {
      attempt.require_exact(experiment.topology, program);
    };
    timing = time_steps(
        experiment.topology, plans, experiment.ranks, compute_model(experiment),
        attempt.backend.run, on_transfer, recovery,
        {.clock_rounding = attempt.backend.clock_rounding,
         .before_telling = require_exact,
         .on_delay = on_delay,
         .before_running_all =
             [&] { check_memory(memory_needs(experiment, false), [] { return free_memory(); }); },
         .on_step = on_step});
  };
  backend =
      run_on_backend(experiment.options.backend, experiment.topology, experiment.ranks, time_on)
          .name;
  return timing;
}

}  // namespace

bool draws_while_timing(const Experiment& experiment) {
  const auto& options = experiment.options;
  const std::uint64_t steps = options.steps.value_or(1);
  if (!draws_sizes(options) || experiment.trace || steps <= most_drawn_before ||
      has_deaths(experiment.topology, experiment.ranks))
    return false;
  // Equal steps are kept once and run once, and have to be known for that.
  constexpr std::uint64_t looked_at = 256, few = 8;
  return record_first_steps(experiment, looked_at).steps.runs().size() > few;
}

RunResult time_drawn_steps(const Experiment& experiment, const RunObserver& observer) {
  DrawnSteps steps(experiment, observer);
  TimedRows rows([&](std::uint64_t step) { return std::pair(steps.row(step), std::uint64_t{1}); },
                 0, experiment.options.target_accuracy, observer.on_row);
  std::string backend;
  const auto timing = time_on_backend(
      experiment, steps.plans(), observer, {},
      [&](const StepTime& time, std::uint64_t count) { rows.add(time, count); }, backend);
  return make_tables(experiment,
                     {.recording = steps.recording(),
                      .timing = timing,
                      .backend = backend,
                      .rows = rows.sums(),
                      .faults = {}},
                     observer);
}

RunResult time_recording(const Experiment& experiment, const Recording& recorded,
                         const RunObserver& observer) {
  PlannedSteps steps(experiment, observer, recorded);
  std::string backend;
  StepRows without_times;
  std::optional<TimedRows> rows;
  const auto add = [&](const StepTime& time, std::uint64_t count) {
    if (!rows) {
      // Nobody dies any more, so that nothing is recorded anew.
      without_times = steps.rows();
      rows.emplace(untimed(without_times), steps.recording().warmup_steps,
                   experiment.options.target_accuracy, observer.on_row);
    }
    rows->add(time, count);
  };
  const auto timing =
      time_on_backend(experiment, steps.plans(), observer, steps.recovery(), add, backend);
  auto result = make_tables(experiment,
                            {.recording = steps.recording(),
                             .timing = timing,
                             .backend = backend,
                             .rows = rows.value().sums(),
                             .faults = steps.faults()},
                            observer);
  if (experiment.options.finds_headroom.value_or(true)) {
    auto& summary = result.summary;
    summary.headroom_seconds =
        find_headroom(experiment, steps.recording(), Seconds{summary.seconds_per_step.total});
    summary.equal_at_bandwidth = find_equal_bandwidth(experiment, steps.recording());
  }
  return result;
}

}  // namespace ringsim
