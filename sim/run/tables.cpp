#include "sim/run/tables.hpp"

#include "models/schemes/iwp.hpp"
#include "sim/backend/bottleneck.hpp"
#include "sim/run/felt_options.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

void fill_times(const StepTime& time, StepRow& row) {
  row.start_s = time.start.value;
  row.compute_s = time.compute.value;
  row.compress_s = time.compress.value;
  row.exchange_s = time.exchange.value;
  row.exposed_exchange_s = time.exposed_exchange.value;
  row.total_s = time.total.value;
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

void fill_ratios(Summary& summary, const std::vector<StepRow>& rows, const Recording& recording) {
  const double ranks = summary.ranks;
  const auto steps = static_cast<double>(rows.size());
  const auto n = static_cast<double>(recording.parameters);
  const std::uint64_t kept = recording.kept, warmup = recording.warmup_steps;
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

TimeBasis basis_of(const Experiment& experiment) {
  RunOptions options = experiment.options;
  options.scheme = experiment.scheme.name;
  const bool models_compute = !options.compute_time && options.ready_times_file.empty() &&
                              (experiment.network || experiment.spec);
  const bool compresses =
      options.compress_time != CompressTime::none && has_stage_for(options, "compress-time");
  const auto features = experiment.topology.features();
  const bool is_fitted = std::ranges::find(features, "sizes") != features.end();
  return {.compute = std::string(name_of(models_compute ? Basis::modelled : Basis::measured)),
          .compress = compresses ? std::optional(std::string(name_of(experiment.compression.basis)))
                                 : std::nullopt,
          .exchange = std::string(name_of(is_fitted ? Basis::calibrated : Basis::modelled))};
}

Summary summarize(const Experiment& experiment, const RunResult& result, const FinishedRun& run) {
  const auto& rows = result.steps;
  const auto& timing = run.timing;
  const auto& trained = run.recording.trained;
  Summary summary;
  summary.ranks = experiment.ranks;
  summary.scheme = experiment.scheme.name;
  summary.collective = experiment.collective.algorithm->name;
  summary.backend = run.backend;
  summary.steps = rows.size();
  summary.simulated_seconds = timing.end.value;
  summary.seconds_per_step = {
      mean_of(rows, &StepRow::compute_s), mean_of(rows, &StepRow::compress_s),
      mean_of(rows, &StepRow::exchange_s), mean_of(rows, &StepRow::exposed_exchange_s),
      mean_of(rows, &StepRow::total_s)};
  summary.basis = basis_of(experiment);
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

}  // namespace

TransferRow transfer_row(const TransferEvent& event) {
  return {event.step,        std::string(event.phase.text()),
          event.bucket,      event.round,
          event.source,      event.target,
          event.bytes.count, event.start.value,
          event.end.value};
}

void fill_bytes(const Payload& sent, StepRow& row) {
  row.values_bytes = sent.values.count;
  row.masks_bytes = sent.masks.count;
  row.headers_bytes = sent.headers.count;
  row.total_bytes = sent.total().count;
}

namespace {

void check_density(const Experiment& experiment, const Recording& recording,
                   const RunObserver& observer) {
  const auto asked = steered_density(experiment.options.scheme, experiment.options.scheme_options);
  if (!asked || !observer.on_density) return;
  DensityCheck density;
  for (const auto& row : recording.layers) {
    if (row.threshold && row.step >= recording.warmup_steps)
      density.add(row.parameters, row.kept, *asked);
  }
  if (density.reached()) observer.on_density(density);
}

}  // namespace

RunResult make_tables(const Experiment& experiment, FinishedRun run, const RunObserver& observer) {
  const auto& recording = run.recording;
  if (observer.on_layer) {
    for (const auto& row : recording.layers) observer.on_layer(row);
  }
  check_density(experiment, recording, observer);
  RunResult result;
  result.steps = std::move(run.steps);
  for (std::size_t i = 0; i < result.steps.size(); ++i)
    fill_times(run.timing.steps[i], result.steps[i]);
  result.links = link_rows(experiment.topology, run.timing);
  result.staleness = recording.trained.staleness;
  result.faults = std::move(run.faults);
  result.summary = summarize(experiment, result, run);
  fill_ratios(result.summary, result.steps, recording);
  result.summary.provenance.inputs = recording.inputs;
  return result;
}

}  // namespace ringsim
