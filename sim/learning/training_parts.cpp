#include "sim/learning/training_parts.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace ringsim {
namespace {

/// `count` samples from `begin` on; their inputs are put into `inputs`.
Batch slice(const Samples& samples, std::size_t begin, std::size_t count,
            std::vector<float>& inputs) {
  inputs.resize(count * samples.input_size);
  samples.copy_inputs(begin, count, inputs);
  return {inputs, std::span(samples.labels).subspan(begin, count)};
}

struct Deviation {
  std::optional<double> error, cosine;
};

Deviation deviation(std::span<const float> applied, std::span<const float> dense) {
  double difference = 0, applied_square = 0, dense_square = 0, product = 0;
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const double a = applied[i], d = dense[i];
    difference += (a - d) * (a - d);
    applied_square += a * a;
    dense_square += d * d;
    product += a * d;
  }
  Deviation result;
  if (dense_square > 0) result.error = std::sqrt(difference / dense_square);
  if (dense_square > 0 && applied_square > 0) {
    result.cosine = product / std::sqrt(applied_square * dense_square);
  }
  return result;
}

/// The deviation of an update that is the dense one: deviation(applied, applied).
Deviation no_deviation(std::span<const float> applied) {
  if (std::ranges::all_of(applied, [](float value) { return value == 0; })) return {};
  return {.error = 0, .cosine = 1};
}

}  // namespace

std::uint64_t steps_per_epoch(std::size_t samples, Rank ranks, std::size_t batch) {
  const std::uint64_t steps = samples / (ranks * batch);
  if (steps > 0) return steps;
  throw UserError(
      option_place("batch"),
      fmt::format("{} ranks x {} samples are more than the {} of an epoch", ranks, batch, samples),
      fmt::format("at most {} is accepted with {} ranks", samples / ranks, ranks));
}

void RankWorker::gather(const Samples& samples, std::span<const std::uint32_t> indices) {
  inputs.resize(indices.size() * samples.input_size);
  labels.resize(indices.size());
  samples.gather(indices, inputs, labels);
}

double momentum_left(const TrainingOptions& options, const Scheme& scheme) {
  if (!scheme.has_momentum_correction()) return options.momentum;
  check(options.optimizer == "sgd", "momentum correction needs sgd");
  return 0;
}

BatchSampler make_sampler(const TrainingOptions& options) {
  const auto& train = options.data->train;
  if (options.label_skew.kind == LabelSkew::Kind::none) {
    return {train.size(), options.ranks, options.batch, options.seed};
  }
  return {partition_by_label(train.labels, options.ranks, options.label_skew, options.seed),
          options.batch, options.seed};
}

void check_converges(std::uint64_t step, double loss) {
  if (std::isfinite(loss)) return;
  throw RunError(fmt::format(
      "training diverged in step {}: the loss is not finite; a smaller `lr` may help", step));
}

double test_accuracy(const Network& network, const Dataset& data, std::span<const float> weights,
                     ThreadPool& threads) {
  constexpr std::size_t rows = 500, calibration = 1024;
  const auto &train = data.train, &test = data.test;
  const std::size_t blocks = (test.size() + rows - 1) / rows,
                    passes = std::min(blocks, threads.size());
  std::atomic<std::size_t> correct{0};
  threads.for_each(passes, [&](std::size_t first) {
    const auto pass = network.make_pass();
    std::vector<float> inputs;
    pass->prepare_evaluation(weights, slice(train, 0, std::min(calibration, train.size()), inputs));
    for (std::size_t begin = first * rows; begin < test.size(); begin += passes * rows) {
      const std::size_t count = std::min(rows, test.size() - begin);
      correct += pass->correct(weights, slice(test, begin, count, inputs));
    }
  });
  return static_cast<double>(correct) / static_cast<double>(test.size());
}

bool evaluates_after(std::uint64_t step, const TrainingOptions& options,
                     std::uint64_t steps_per_epoch) {
  return (step + 1) % options.evaluate_every.value_or(steps_per_epoch) == 0 ||
         step + 1 == options.steps;
}

std::vector<LayerRow> SentRecord::record(std::uint64_t step, const StepOutcome& outcome) {
  if (outcome.rank_masks.empty()) {
    ages_.record(step, outcome.mask);
  } else {
    ages_.record(step, std::vector<std::span<const prune::MaskWord>>(outcome.rank_masks.begin(),
                                                                     outcome.rank_masks.end()));
  }
  return rows(step, outcome);
}

std::vector<LayerRow> SentRecord::record(std::uint64_t step, const StepOutcome& outcome,
                                         std::span<const std::span<const prune::MaskWord>> masks) {
  if (!outcome.rank_masks.empty()) return record(step, outcome);
  ages_.record(step, masks);
  return rows(step, outcome);
}

std::vector<LayerRow> SentRecord::rows(std::uint64_t step, const StepOutcome& outcome) {
  const auto overlap = overlap_.record(outcome.mask);
  std::vector<LayerRow> rows;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto& layer = layers_[i];
    const auto& sent = outcome.layers[i];
    const auto age = ages_.layer(i);
    rows.push_back(
        {.step = step,
         .layer = layer.name,
         .parameters = layer.parameters,
         .threshold = sent.threshold,
         .kept = sent.kept,
         .density = static_cast<double>(sent.kept) / static_cast<double>(layer.parameters),
         .importance_mean = sent.importance_mean,
         .importance_stddev = sent.importance_stddev,
         .age_mean_steps = age.mean,
         .age_p95_steps = age.p95,
         .age_max_steps = age.max,
         .error = std::nullopt,
         .cosine = std::nullopt,
         .mask_overlap = overlap[i]});
  }
  return rows;
}

void SentRecord::fill_ages(TrainingResult& result) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto histogram = ages_.histogram(i);
    for (std::uint64_t age = 0; age < histogram.size(); ++age) {
      if (histogram[age] > 0) result.staleness.push_back({layers_[i].name, age, histogram[age]});
    }
  }
  const auto all = ages_.all();
  result.age_mean = all.mean;
  result.age_p50 = all.p50;
  result.age_p95 = all.p95;
  result.age_max = all.max;
}

void fill_deviations(const Layers& layers, std::span<const float> update,
                     std::span<const float> dense, std::vector<LayerRow>& rows) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& layer = layers[i];
    const auto applied = update.subspan(layer.offset, layer.parameters);
    const auto [error, cosine] =
        dense.empty() ? no_deviation(applied)
                      : deviation(applied, dense.subspan(layer.offset, layer.parameters));
    rows[i].error = error;
    rows[i].cosine = cosine;
  }
}

}  // namespace ringsim
