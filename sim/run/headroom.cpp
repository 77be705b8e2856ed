#include "sim/run/headroom.hpp"

#include "models/schemes/bucketed.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/timing/step_timing.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
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

/// The run's steps, in which those that exchange something exchange all values of such a type.
StepPlans dense_plans(const Experiment& experiment, const Recording& recording,
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
  for (const auto& run : recording.steps.runs()) {
    const std::uint32_t plan = exchanges(run.first) ? 0 : 1;
    if (plan == distinct.size()) distinct.emplace_back();
    which.push_back(plan, run.count);
  }
  return {std::move(distinct), std::move(which)};
}

/// The plans with `more` time for compressing in each step that has some, which is spent where the
/// first of each bucket is.
StepPlans with_more(const StepPlans& plans, const std::vector<double>& shares, Seconds more) {
  auto distinct = plans.distinct();
  for (auto& plan : distinct) {
    std::vector<LocalTime*> firsts;
    std::set<std::uint32_t> seen;
    double all = 0;
    for (auto& stage : plan.stages) {
      auto* local = std::get_if<LocalTime>(&stage);
      if (local == nullptr || !seen.insert(local->bucket).second) continue;
      firsts.push_back(local);
      all += shares.empty() ? 1 : shares[local->bucket];
    }
    for (auto* local : firsts) {
      const double share = (shares.empty() ? 1 : shares[local->bucket]) / all;
      for (auto& duration : local->duration) duration += share * more;
    }
  }
  return {std::move(distinct), plans.which()};
}

/// The mean of the steps; absent where no backend is exact that runs more than once in a process.
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

/// Whether a step is so much longer as each rank compresses longer in it.
bool adds_up(const Experiment& experiment) {
  return !overlaps(experiment.options) &&
         std::ranges::all_of(experiment.topology.links(), [](const Link& link) {
           return !link.extras || (link.extras->profile.empty() && link.extras->outages.empty());
         });
}

/// The time that `over` wants to be 0 at, by how much a step is longer then than a dense one. It
/// grows with the time, and by no more than that.
std::optional<double> find_equal(double low, double high,
                                 const std::function<std::optional<double>(double)>& over) {
  const double close = 1e-6 * high;
  const auto take = [&](double at) {
    const auto found = over(at);
    if (found) (*found < 0 ? low : high) = at;
    return found;
  };
  constexpr int most_replays = 60;
  auto left = over(high);
  for (int i = 0; left && *left > 0 && high - low > close && i < most_replays; i += 2) {
    // No time above this one can be right, and it is where nothing hides any more.
    const double at = std::max(low, high - *left);
    left = take(at);
    if (!left || std::abs(*left) <= close) return left ? std::optional(at) : std::nullopt;
    const auto middle = take((low + high) / 2);
    if (!middle) return std::nullopt;
    if (*middle >= 0) left = middle;
    if (*left < 0) left = over(high);
  }
  return left ? std::optional(high) : std::nullopt;
}

std::optional<double> headroom_against(const Experiment& experiment, const Recording& recording,
                                       Seconds step, std::string_view values) {
  const auto compute = compute_model(experiment);
  auto of_dense = compute;
  if (of_dense.overlap) of_dense.overlap->waits = false;
  const auto dense = mean_step(experiment, dense_plans(experiment, recording, values), of_dense);
  if (!dense) return std::nullopt;
  const double difference = (*dense - step).value;
  if (difference <= 0 || adds_up(experiment)) return difference;
  const auto plans = plan_steps(experiment, recording.steps);
  const auto shares = compression_costs(experiment).bucket_shares;
  return find_equal(difference, dense->value, [&](double more) -> std::optional<double> {
    const auto found = mean_step(experiment, with_more(plans, shares, Seconds{more}), compute);
    return found ? std::optional((*found - *dense).value) : std::nullopt;
  });
}

}  // namespace

HeadroomSeconds find_headroom(const Experiment& experiment, const Recording& recording,
                              Seconds step) {
  const auto& runs = recording.steps.runs();
  const bool is_compressed =
      std::ranges::any_of(runs, [](const auto& run) { return compresses(run.first); });
  if (!is_compressed || feeds_back(experiment.options) ||
      has_deaths(experiment.topology, experiment.ranks)) {
    return {};
  }
  return {headroom_against(experiment, recording, step, "fp32"),
          headroom_against(experiment, recording, step, "bf16")};
}

}  // namespace ringsim
