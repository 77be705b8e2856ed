#include "sim/run/summary.hpp"

#include "sim/backend/bottleneck.hpp"
#include "sim/run/exchange_basis.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ringsim {
namespace {

void fill_ratios(Summary& summary, const RowSums& sums, const Recording& recording) {
  const double ranks = summary.ranks;
  const auto steps = static_cast<double>(sums.steps);
  const auto n = static_cast<double>(recording.parameters);
  const std::uint64_t kept = recording.kept, warmup = recording.warmup_steps;
  // Dense fp32 on a ring: every rank sends 2(N-1)/N * n * 4 bytes a step.
  const double dense_step = 2 * (ranks - 1) * n * sizeof(float);
  const double values = sums.values_bytes, total = sums.total_bytes;
  summary.bytes_sent_per_rank = {values / ranks, sums.masks_bytes / ranks,
                                 sums.headers_bytes / ranks, total / ranks};
  auto& ratio = summary.compression_ratio;
  if (kept > 0) {
    ratio.kept = steps * n / static_cast<double>(kept);
    summary.density = static_cast<double>(kept) / (steps * n);
  }
  if (values > 0) ratio.values = steps * dense_step / values;
  if (total > 0) ratio.wire = steps * dense_step / total;
  const double after = sums.total_bytes_after_warmup;
  if (warmup < sums.steps && after > 0) {
    ratio.wire_after_warmup = static_cast<double>(sums.steps - warmup) * dense_step / after;
  }
}

/// The algorithm, and what its calls became: "nccl: ring/LL128 + tree/LL". Of steps that were not
/// kept, the calls are those of dense gradients.
std::string collective_text(const Experiment& experiment, const Recording& recording) {
  const auto& collective = experiment.collective;
  std::string text(collective.algorithm->name);
  if (collective.algorithm->describe == nullptr) return text;
  std::vector<std::string> found;
  const auto add = [&](std::size_t elements, Bytes element_bytes) {
    auto call = collective.request;
    call.elements = elements;
    call.element_bytes = element_bytes;
    auto what = collective.algorithm->describe(call);
    if (std::ranges::find(found, what) == found.end()) found.push_back(std::move(what));
  };
  for (const auto& run : recording.steps.runs()) {
    for (const auto& stage : run.first.stages) {
      const auto* reduce = std::get_if<AllReduce>(&stage.what);
      if (reduce != nullptr && !reduce->at_owners) add(reduce->elements, reduce->element_bytes);
    }
  }
  if (recording.steps.runs().empty()) {
    for (const Bytes size : call_sizes(experiment)) add(size.count, Bytes{1});
  }
  for (const auto& each : found) text += (&each == &found.front() ? ": " : " + ") + each;
  return text;
}

}  // namespace

Summary summarize(const Experiment& experiment, const RowSums& sums, const TimedRun& run) {
  const auto& timing = run.timing;
  const auto& trained = run.recording.trained;
  const auto steps = static_cast<double>(sums.steps);
  Summary summary;
  summary.ranks = experiment.ranks;
  summary.scheme = experiment.scheme.name;
  summary.collective = collective_text(experiment, run.recording);
  summary.backend = std::string(run.backend);
  summary.steps = sums.steps;
  summary.simulated_seconds = timing.end.value;
  summary.seconds_per_step = {sums.compute_s / steps, sums.compress_s / steps,
                              sums.exchange_s / steps, sums.exposed_exchange_s / steps,
                              sums.total_s / steps};
  summary.basis = experiment.basis;
  if (timing.critical_path && timing.end > Seconds{}) {
    const auto [kind, name, share] = find_bottleneck(*timing.critical_path, experiment.topology);
    summary.bottleneck = Summary::Bottleneck{std::string(kind), name, share};
  }
  summary.staleness_steps = {trained.age_mean,         trained.age_p50,
                             trained.age_p95,          trained.age_max,
                             sums.delay_steps / steps, static_cast<double>(sums.delay_max_steps)};
  if (sums.leaves_out) summary.left_out_ranks = sums.left_out_ranks / steps;
  if (const auto target = experiment.options.target_accuracy)
    summary.target = {*target, sums.target_step, sums.target_s};
  summary.accuracy = sums.accuracy;
  summary.loss = sums.loss;
  summary.provenance.version = RINGSIM_VERSION;
  summary.provenance.seed = experiment.options.seed;
  summary.provenance.inputs = run.recording.inputs;
  fill_ratios(summary, sums, run.recording);
  return summary;
}

}  // namespace ringsim
