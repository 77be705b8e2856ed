#include "sim/run/dense_rival.hpp"

#include "models/schemes/bucketed.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/timing/step_timing.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace ringsim {
namespace {

bool compresses(const RecordedStep& step) {
  return std::ranges::any_of(step.stages, [](const KeptStage& stage) {
    return std::holds_alternative<LocalWork>(stage.what);
  });
}

bool exchanges(const RecordedStep& step) {
  return std::ranges::any_of(step.stages, [](const KeptStage& stage) {
    return !std::holds_alternative<LocalWork>(stage.what);
  });
}

/// What casting takes, found as where nothing is said of it: what was asked for is of the scheme.
CompressionCosts casting_costs(const Experiment& experiment, const SchemeOptions& options) {
  RunOptions asked = experiment.options;
  asked.scheme = "dense";
  asked.scheme_options = options;
  const bool takes_time = asked.compress_time != CompressTime::none;
  if (takes_time && asked.compress_time != CompressTime::model)
    asked.compress_time = CompressTime::usual;
  CompressionCosts costs{.fixed = std::nullopt};
  if (!takes_time) return costs;
  costs.measured =
      choose_compression(asked, experiment.machine, find_scheme(asked.scheme)).measured;
  costs.memory = experiment.machine.memory_bandwidth;
  return costs;
}

}  // namespace

bool can_be_held_against_dense(const Experiment& experiment, const Recording& recording) {
  const auto& runs = recording.steps.runs();
  const bool is_compressed =
      std::ranges::any_of(runs, [](const auto& run) { return compresses(run.first); });
  return is_compressed && !feeds_back(experiment.options) &&
         !has_deaths(experiment.topology, experiment.ranks);
}

StepPlans dense_plans(const Experiment& experiment, const Repeated<RecordedStep>& steps,
                      std::string_view values) {
  const auto& dense = find_scheme("dense");
  SchemeOptions options;
  options.ranks = experiment.ranks;
  options.set(values_option, values);
  const auto layers = layers_of(experiment);
  const auto& buckets = experiment.buckets;
  const auto drawn = buckets.empty() ? dense.synthesize(layers, options, 0)
                                     : synthesize_bucketed(dense, layers, options, buckets, 0);
  std::vector<StepPlan> distinct = {plan_step(drawn.stages, experiment.ranks, experiment.collective,
                                              casting_costs(experiment, options))};
  Repeated<std::uint32_t> which;
  for (const auto& run : steps.runs()) {
    const std::uint32_t plan = exchanges(run.first) ? 0 : 1;
    if (plan == distinct.size()) distinct.emplace_back();
    which.push_back(plan, run.count);
  }
  return {std::move(distinct), std::move(which)};
}

ComputeModel dense_compute_model(const Experiment& experiment) {
  auto compute = compute_model(experiment);
  if (compute.overlap) compute.overlap->waits = false;
  return compute;
}

std::optional<Seconds> mean_step(const Experiment& experiment, const StepPlans& plans,
                                 const ComputeModel& compute) {
  const auto& topology = experiment.topology;
  for (const auto* backend : backends()) {
    if (backend->runs_once_per_process || backend->unavailable() ||
        backend->why_not(topology, experiment.ranks)) {
      continue;
    }
    try {
      const auto timing = time_steps(topology, plans, experiment.ranks, compute, backend->run, {},
                                     {}, {.clock_rounding = backend->clock_rounding});
      Seconds sum;
      for (const auto& run : timing.steps.runs())
        sum += static_cast<double>(run.count) * run.first.total;
      return sum / static_cast<double>(plans.size());
    } catch (const NotExact&) {
      continue;
    }
  }
  return std::nullopt;
}

}  // namespace ringsim
