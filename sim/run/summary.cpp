#include "sim/run/summary.hpp"

#include "sim/backend/bottleneck.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

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

/// The sum of what is the same in all rows of a run, over the rows from `from` on.
double sum_of(const StepRows& rows, const std::function<double(const StepRow&)>& column,
              std::uint64_t from = 0) {
  double sum = 0;
  for (const auto& run : rows.runs()) {
    const double value = column(run.first);
    for (std::uint64_t i = std::max(from, run.from); i < run.from + run.count; ++i) sum += value;
  }
  return sum;
}

double sum_of(const StepRows& rows, std::uint64_t StepRow::*column, std::uint64_t from = 0) {
  return sum_of(
      rows, [column](const StepRow& row) { return static_cast<double>(row.*column); }, from);
}

double mean_of(const StepRows& rows, const std::function<double(const StepRow&)>& column) {
  return sum_of(rows, column) / static_cast<double>(rows.size());
}

double mean_delay_of(const StepRows& rows) {
  return mean_of(rows, [](const StepRow& row) { return row.delay_steps.value_or(0); });
}

double max_delay_of(const StepRows& rows) {
  std::uint64_t most = 0;
  for (const auto& run : rows.runs()) most = std::max(most, run.first.delay_max_steps.value_or(0));
  return static_cast<double>(most);
}

std::optional<double> mean_left_out(const StepRows& rows) {
  for (const auto& run : rows.runs()) {
    if (!run.first.left_out_ranks) return std::nullopt;
  }
  return mean_of(
      rows, [](const StepRow& row) { return static_cast<double>(row.left_out_ranks->size()); });
}

/// The end of the first step after which the accuracy was measured and high enough.
Summary::Target when_reached(double accuracy, const StepRows& rows) {
  for (const auto& [row, from, count] : rows.runs()) {
    if (row.accuracy && *row.accuracy >= accuracy)
      return {accuracy, row.step + 1, row.start_s + row.total_s};
  }
  return {accuracy, std::nullopt, std::nullopt};
}

void fill_ratios(Summary& summary, const StepRows& rows, const Recording& recording) {
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

}  // namespace

StepRows with_times(const StepRows& rows, const StepTimes& times) {
  StepRows timed;
  while (timed.size() < rows.size()) {
    const std::uint64_t step = timed.size();
    const auto left = [step](const auto& run) { return run.from + run.count - step; };
    auto row = rows[step];
    fill_times(times[step], row);
    timed.add(row, std::min(left(rows.run_of(step)), left(times.run_of(step))));
  }
  return timed;
}

Summary summarize(const Experiment& experiment, const StepRows& rows, const TimedRun& run) {
  const auto& timing = run.timing;
  const auto& trained = run.recording.trained;
  Summary summary;
  summary.ranks = experiment.ranks;
  summary.scheme = experiment.scheme.name;
  summary.collective = experiment.collective.algorithm->name;
  summary.backend = std::string(run.backend);
  summary.steps = rows.size();
  summary.simulated_seconds = timing.end.value;
  summary.seconds_per_step = {
      mean_of(rows, &StepRow::compute_s), mean_of(rows, &StepRow::compress_s),
      mean_of(rows, &StepRow::exchange_s), mean_of(rows, &StepRow::exposed_exchange_s),
      mean_of(rows, &StepRow::total_s)};
  summary.basis = experiment.basis;
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
  summary.provenance.inputs = run.recording.inputs;
  fill_ratios(summary, rows, run.recording);
  return summary;
}

}  // namespace ringsim
