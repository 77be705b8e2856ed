#include "sim/run/recording.hpp"

#include "base/parallel.hpp"
#include "models/schemes/bucketed.hpp"
#include "sim/learning/local_training.hpp"
#include "sim/learning/lockstep_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringsim {
namespace {

/// Ranks that are left in a step.
Rank alive_in(std::uint64_t step, Rank ranks, const std::vector<TrainedDeath>& deaths) {
  for (const auto& death : deaths) ranks -= death.step <= step ? 1 : 0;
  return ranks;
}

Recording record_training(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                          const RunObserver& observer) {
  const TrainingJob job(experiment, deaths);
  const auto& training = job.training();
  const auto local_steps = experiment.options.local_steps;
  const auto scheme = job.make_scheme();
  if (observer.on_start) {
    observer.on_start(job.describe_memory(*scheme));
    if (local_steps > 1) {
      observer.on_start(fmt::format("memory of local steps: {} of weights and momenta apart",
                                    format(local_memory(training))));
    }
  }
  Recording recording;
  ThreadPool threads(experiment.threads);
  const auto record = [&](const TrainedStep& step) {
    const Rank ranks = alive_in(step.step, experiment.ranks, deaths);
    recording.steps.push_back({ranks, keep(step.outcome->stages, ranks), step.loss, step.accuracy});
    for (const auto& layer : step.outcome->layers) recording.kept += layer.kept;
    recording.layers.push_back({step.layers.begin(), step.layers.end()});
    if (observer.on_step)
      observer.on_step({step.step + 1, training.steps, step.loss, step.accuracy});
  };
  complete(recording, job,
           local_steps > 1 ? train_locally(training, local_steps, *scheme, threads, record)
                           : train(training, *scheme, threads, record));
  return recording;
}

Recording record_trace(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                       const RunObserver& observer) {
  const TraceSource& trace = *experiment.trace;
  const std::uint64_t steps = experiment.options.steps.value_or(trace.header().steps);
  Recording recording;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const Rank ranks = alive_in(step, experiment.ranks, deaths);
    const auto replayed = trace.step(step, ranks, experiment.buckets);
    recording.steps.push_back({ranks, keep(replayed.stages, ranks), {}, {}});
    recording.kept += replayed.kept;
    recording.layers.push_back({replayed.layers.begin(), replayed.layers.end()});
    if (observer.on_step) observer.on_step({step + 1, steps, {}, {}});
  }
  recording.parameters = trace.parameters();
  recording.inputs = trace.inputs();
  return recording;
}

LayerRow layer_row(std::uint64_t step, const Layer& layer, const LayerOutcome& outcome) {
  LayerRow row{};
  row.step = step;
  row.layer = layer.name;
  row.parameters = layer.parameters;
  row.kept = outcome.kept;
  row.density = static_cast<double>(row.kept) / static_cast<double>(row.parameters);
  return row;
}

Recording record_drawn(const Experiment& experiment, std::uint64_t steps,
                       const std::vector<TrainedDeath>& deaths, const RunObserver& observer) {
  StepDrawer draw(experiment);
  Recording recording;
  for (std::uint64_t step = 0; step < steps; ++step) {
    auto drawn = draw(step, alive_in(step, experiment.ranks, deaths), observer);
    recording.steps.push_back(std::move(drawn.step));
    recording.layers.push_back(std::move(drawn.layers));
    recording.kept += drawn.kept;
  }
  recording.parameters = draw.parameters();
  return recording;
}

}  // namespace

StepDrawer::StepDrawer(const Experiment& experiment)
    : experiment_(experiment),
      layers_(layers_of(experiment)),
      options_(scheme_options(experiment, 1)) {}

StepDrawer::Step StepDrawer::operator()(std::uint64_t step, Rank ranks,
                                        const RunObserver& observer) {
  options_.ranks = ranks;
  const auto drawn =
      experiment_.buckets.empty()
          ? experiment_.scheme.synthesize(layers_, options_, step)
          : synthesize_bucketed(experiment_.scheme, layers_, options_, experiment_.buckets, step);
  if (step == 0 && observer.on_start) {
    observer.on_start(fmt::format("memory of a GPU: {} of residuals and momenta, {} of gradients",
                                  format(drawn.state_per_rank),
                                  format(Bytes{sizeof(float) * total_parameters(layers_)})));
  }
  Step made{{ranks, keep(drawn.stages, ranks), {}, {}}, {}};
  made.layers.reserve(layers_.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    made.kept += drawn.layers[i].kept;
    made.layers.push_back(layer_row(step, layers_[i], drawn.layers[i]));
  }
  if (observer.on_step) observer.on_step({step + 1, steps(), {}, {}});
  return made;
}

Recording record_first_steps(const Experiment& experiment, std::uint64_t steps) {
  return record_drawn(experiment, steps, {}, {});
}

void complete(Recording& recording, const TrainingJob& job, TrainingResult trained) {
  recording.trained = std::move(trained);
  recording.parameters = job.parameters();
  recording.warmup_steps = job.warmup_steps();
  recording.inputs = job.inputs();
}

Recording record_steps(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                       const RunObserver& observer) {
  if (experiment.trace) return record_trace(experiment, deaths, observer);
  if (draws_sizes(experiment.options))
    return record_drawn(experiment, experiment.options.steps.value_or(1), deaths, observer);
  return record_training(experiment, deaths, observer);
}

StepPlan plan_step(const Experiment& experiment, const RecordedStep& step) {
  return plan_kept(step.stages, step.ranks, experiment.collective, compression_costs(experiment));
}

StepPlans plan_steps(const Experiment& experiment, const Repeated<RecordedStep>& steps) {
  // Steps that do the same stand close together, if anywhere.
  constexpr std::size_t looked_back = 16;
  const auto costs = compression_costs(experiment);
  std::vector<const RecordedStep*> planned;
  std::vector<StepPlan> plans;
  Repeated<std::uint32_t> which;
  for (const auto& [step, from, count] : steps.runs()) {
    const auto end = planned.rend() - static_cast<std::ptrdiff_t>(
                                          std::max(planned.size(), looked_back) - looked_back);
    const auto same = std::find_if(planned.rbegin(), end, [&step = step](const auto* other) {
      return other->ranks == step.ranks && other->stages == step.stages;
    });
    if (same != end) {
      which.push_back(static_cast<std::uint32_t>(planned.rend() - same - 1), count);
      continue;
    }
    which.push_back(static_cast<std::uint32_t>(plans.size()), count);
    plans.push_back(plan_kept(step.stages, step.ranks, experiment.collective, costs));
    planned.push_back(&step);
  }
  return {std::move(plans), std::move(which)};
}

}  // namespace ringsim
