#include "sim/run/run.hpp"

#include "base/error.hpp"
#include "sim/backend/bottleneck.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/experiment.hpp"
#include "sim/run/late_run.hpp"
#include "sim/run/recording.hpp"
#include "sim/timing/step_timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

/// What is timed: a recording and its plans. Once hosts have died, all steps are recorded anew: up
/// to the one that was under way they come out as before, since the same seed gives the same steps.
class Timed {
 public:
  Timed(const Experiment& experiment, const RunObserver& observer, const Recording& recording)
      : experiment_(experiment),
        observer_(observer),
        recording_(&recording),
        plans_(plan_steps(experiment, recording.steps)) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

  const Recording& recording() const { return *recording_; }
  const std::vector<StepPlan>& plans() const { return plans_; }

  Recovery recovery() {
    return {.detection = experiment_.options.detection,
            .replan = [this](const auto& deaths) { replan(deaths); }};
  }
  std::vector<FaultRow> faults() const {
    auto rows = rows_;
    const auto& lost = recording_->trained.lost_mass;
    for (std::size_t i = 0; i < lost.size(); ++i) rows[i].lost_mass = lost[i];
    return rows;
  }

 private:
  void replan(const std::vector<Recovery::Death>& deaths) {
    for (const auto& death : deaths) {
      trained_.push_back({death.step, death.rank});
      rows_.push_back({death.rank, death.died.value, death.detected.value, death.step, {}});
      tell_of_death(death, alive_in(death.step, experiment_.ranks, trained_), observer_);
    }
    anew_ = record_steps(experiment_, trained_, {});
    recording_ = &*anew_;
    plans_ = plan_steps(experiment_, recording_->steps);
  }

  const Experiment& experiment_;
  const RunObserver& observer_;
  const Recording* recording_;
  std::optional<Recording> anew_;
  std::vector<StepPlan> plans_;
  std::vector<TrainedDeath> trained_;
  std::vector<FaultRow> rows_;
};

/// Times the plans on the backend that the options name; `backend` becomes the one that ran.
Timing time_on_backend(const Experiment& experiment, const std::vector<StepPlan>& plans,
                       const RunObserver& observer, const Recovery& recovery,
                       std::string& backend) {
  std::function<void(const TransferEvent&)> on_transfer;
  if (observer.on_transfer) {
    on_transfer = [&](const TransferEvent& event) {
      observer.on_transfer({event.step, std::string(event.phase.text()), event.bucket, event.round,
                            event.source, event.target, event.bytes.count, event.start.value,
                            event.end.value});
    };
  }
  Timing timing;
  const auto time_on = [&](const BackendAttempt& attempt) {
    const auto run = [&](const Topology& topology, const Program& program, const Observer& events) {
      return on_transfer ? attempt.run_told_once(topology, program, events)
                         : attempt.backend.run(topology, program, events);
    };
    timing = time_steps(experiment.topology, plans, experiment.ranks, compute_model(experiment),
                        run, on_transfer, recovery);
  };
  backend =
      run_on_backend(experiment.options.backend, experiment.topology, experiment.ranks, time_on)
          .name;
  return timing;
}

void fill_times(const StepTime& time, StepRow& row) {
  row.start_s = time.start.value;
  row.compute_s = time.compute.value;
  row.prune_s = time.prune.value;
  row.exchange_s = time.exchange.value;
  row.exposed_exchange_s = time.exposed_exchange.value;
  row.total_s = time.total.value;
}

std::vector<StepRow> step_rows(const Timed& timed, const Timing& timing) {
  std::vector<StepRow> rows(timed.plans().size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& row = rows[i];
    const auto& step = timed.recording().steps[i];
    const auto& sent = timed.plans()[i].sent;
    row.step = i;
    fill_times(timing.steps[i], row);
    row.values_bytes = sent.values.count;
    row.masks_bytes = sent.masks.count;
    row.headers_bytes = sent.headers.count;
    row.total_bytes = sent.total().count;
    row.delay_steps = 0;  // every step waits for its exchange
    row.delay_max_steps = 0;
    row.loss = step.loss;
    row.accuracy = step.accuracy;
  }
  return rows;
}

std::vector<LinkRow> link_rows(const Topology& topology, const Timing& timing) {
  std::vector<LinkRow> rows;
  for (std::size_t i = 0; i < topology.links().size(); ++i) {
    const auto& link = topology.links()[i];
    const auto& use = timing.links[i];
    const double capacity = capacity_until(link, timing.end);
    const double share = capacity > 0 ? static_cast<double>(use.bytes.count) / capacity : 0;
    rows.push_back({link.name, use.bytes.count, use.busy.value, share});
  }
  return rows;
}

double mean_of(const std::vector<StepRow>& rows, double StepRow::*column) {
  double sum = 0;
  for (const auto& row : rows) sum += row.*column;
  return sum / static_cast<double>(rows.size());
}

double sum_of(const std::vector<StepRow>& rows, std::uint64_t StepRow::*column,
              std::uint64_t from = 0) {
  double sum = 0;
  for (std::size_t i = from; i < rows.size(); ++i) sum += static_cast<double>(rows[i].*column);
  return sum;
}

double mean_delay_of(const std::vector<StepRow>& rows) {
  double sum = 0;
  for (const auto& row : rows) sum += row.delay_steps.value_or(0);
  return sum / static_cast<double>(rows.size());
}

double max_delay_of(const std::vector<StepRow>& rows) {
  std::uint64_t most = 0;
  for (const auto& row : rows) most = std::max(most, row.delay_max_steps.value_or(0));
  return static_cast<double>(most);
}

std::optional<double> mean_left_out(const std::vector<StepRow>& rows) {
  double sum = 0;
  for (const auto& row : rows) {
    if (!row.left_out_ranks) return std::nullopt;
    sum += static_cast<double>(row.left_out_ranks->size());
  }
  return sum / static_cast<double>(rows.size());
}

/// The end of the first step after which the accuracy was measured and high enough.
Summary::Target when_reached(double accuracy, const std::vector<StepRow>& rows) {
  for (const auto& row : rows) {
    if (row.accuracy && *row.accuracy >= accuracy)
      return {accuracy, row.step + 1, row.start_s + row.total_s};
  }
  return {accuracy, std::nullopt, std::nullopt};
}

void fill_bytes(Summary& summary, const std::vector<StepRow>& rows, std::size_t parameters,
                std::uint64_t kept, std::uint64_t warmup) {
  const double ranks = summary.ranks;
  const auto steps = static_cast<double>(rows.size());
  const auto n = static_cast<double>(parameters);
  // Dense fp32 on a ring: every rank sends 2(N-1)/N * n * 4 bytes a step.
  const double dense_step = 2 * (ranks - 1) * n * sizeof(float);
  const double values = sum_of(rows, &StepRow::values_bytes),
               total = sum_of(rows, &StepRow::total_bytes);
  summary.bytes_sent_per_rank = {values / ranks, sum_of(rows, &StepRow::masks_bytes) / ranks,
                                 sum_of(rows, &StepRow::headers_bytes) / ranks, total / ranks};
  auto& ratio = summary.compression_ratio;
  if (kept > 0) {
    ratio.kept = steps * n / static_cast<double>(kept);
    summary.density = static_cast<double>(kept) / (steps * n);
  }
  if (values > 0) ratio.values = steps * dense_step / values;
  if (total > 0) ratio.wire = steps * dense_step / total;
  const double after = sum_of(rows, &StepRow::total_bytes, warmup);
  if (warmup < rows.size() && after > 0) {
    ratio.wire_after_warmup = static_cast<double>(rows.size() - warmup) * dense_step / after;
  }
}

Summary summarize(const Experiment& experiment, const RunResult& result,
                  const TrainingResult& trained, const Timing& timing, const std::string& backend) {
  const auto& rows = result.steps;
  Summary summary;
  summary.ranks = experiment.ranks;
  summary.scheme = experiment.scheme.name;
  summary.collective = experiment.collective.algorithm->name;
  summary.backend = backend;
  summary.steps = rows.size();
  summary.simulated_seconds = timing.end.value;
  summary.seconds_per_step = {mean_of(rows, &StepRow::compute_s), mean_of(rows, &StepRow::prune_s),
                              mean_of(rows, &StepRow::exchange_s),
                              mean_of(rows, &StepRow::exposed_exchange_s),
                              mean_of(rows, &StepRow::total_s)};
  if (timing.critical_path && timing.end > Seconds{}) {
    const auto [kind, name, share] = find_bottleneck(*timing.critical_path, experiment.topology);
    summary.bottleneck = Summary::Bottleneck{std::string(kind), name, share};
  }
  summary.staleness_steps = {trained.age_mean, trained.age_p50,     trained.age_p95,
                             trained.age_max,  mean_delay_of(rows), max_delay_of(rows)};
  summary.left_out_ranks = mean_left_out(rows);
  if (experiment.options.target_accuracy)
    summary.target = when_reached(*experiment.options.target_accuracy, rows);
  summary.accuracy = rows.back().accuracy;
  summary.loss = rows.back().loss;
  summary.provenance.version = RINGSIM_VERSION;
  summary.provenance.seed = experiment.options.seed;
  return summary;
}

RunResult result_of(const Experiment& experiment, const RunObserver& observer,
                    const Recording& recording, const Timing& timing, const std::string& backend,
                    std::vector<StepRow> steps, std::vector<FaultRow> faults) {
  if (observer.on_layer) {
    for (const auto& row : recording.layers) observer.on_layer(row);
  }
  RunResult result;
  result.steps = std::move(steps);
  result.links = link_rows(experiment.topology, timing);
  result.staleness = recording.trained.staleness;
  result.faults = std::move(faults);
  result.summary = summarize(experiment, result, recording.trained, timing, backend);
  fill_bytes(result.summary, result.steps, recording.parameters, recording.kept,
             recording.warmup_steps);
  result.summary.provenance.inputs = recording.inputs;
  return result;
}

}  // namespace

std::string describe(const Experiment& experiment) {
  const auto& options = experiment.options;
  const std::string work = experiment.trace ? fmt::format("replays {}", options.trace)
                           : options.bytes  ? fmt::format("exchanges {}", format(*options.bytes))
                           : draws_sizes(options)
                               ? fmt::format("draws what to exchange of {}", options.model)
                               : fmt::format("trains {}", options.model);
  return fmt::format("{} {} on {} ({} ranks), backend {}", experiment.scheme.name, work,
                     experiment.topology.name(), experiment.ranks, options.backend);
}

RunResult time_recording(const Experiment& experiment, const Recording& recorded,
                         const RunObserver& observer) {
  Timed timed(experiment, observer, recorded);
  std::string backend;
  const auto timing =
      time_on_backend(experiment, timed.plans(), observer, timed.recovery(), backend);
  return result_of(experiment, observer, timed.recording(), timing, backend,
                   step_rows(timed, timing), timed.faults());
}

RunResult run_experiment(const Experiment& experiment, const RunObserver& observer) {
  if (!feeds_back(experiment.options))
    return time_recording(experiment, record_steps(experiment, {}, observer), observer);
  auto stale = run_stale(experiment, observer);
  for (std::size_t i = 0; i < stale.rows.size(); ++i)
    fill_times(stale.timing.steps[i], stale.rows[i]);
  return result_of(experiment, observer, stale.recording, stale.timing, stale.backend,
                   std::move(stale.rows), std::move(stale.faults));
}

RunResult run(const RunOptions& options, const RunObserver& observer) {
  const Experiment experiment = prepare(options);
  const auto read_before = inputs_of(experiment);
  if (observer.on_start) observer.on_start(describe(experiment));
  auto result = run_experiment(experiment, observer);
  auto& inputs = result.summary.provenance.inputs;
  inputs.insert(inputs.begin(), read_before.begin(), read_before.end());
  return result;
}

}  // namespace ringsim
