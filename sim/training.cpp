#include "sim/training.hpp"

#include "base/error.hpp"
#include "models/optimizer.hpp"
#include "models/sampler.hpp"
#include "models/schedule.hpp"
#include "models/schemes/mean.hpp"
#include "sim/age.hpp"
#include "sim/mean_gradient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace ringsim {
namespace {

/// One rank's share of the work: its batch, its gradient, its scratch memory.
struct Worker {
  Rank rank;
  std::unique_ptr<NetworkPass> pass;
  std::vector<float> inputs, gradient;
  std::vector<std::uint8_t> labels;
  double loss = 0;

  void gather(const Samples& samples, std::span<const std::uint32_t> indices) {
    inputs.resize(indices.size() * samples.input_size);
    labels.resize(indices.size());
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const auto row =
          std::span(samples.inputs).subspan(indices[i] * samples.input_size, samples.input_size);
      std::copy(row.begin(), row.end(),
                inputs.begin() + static_cast<std::ptrdiff_t>(i * samples.input_size));
      labels[i] = samples.labels[indices[i]];
    }
  }
};

/// How far the update of a layer is from the one that the dense mean would have given.
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

/// Of an update that is the dense one: as deviation(applied, applied).
Deviation no_deviation(std::span<const float> applied) {
  if (std::ranges::all_of(applied, [](float value) { return value == 0; })) return {};
  return {.error = 0, .cosine = 1};
}

/// Residuals that carry the momentum leave none to the optimizer.
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

class Training {
 public:
  Training(const TrainingOptions& options, Scheme& scheme, ThreadPool& threads)
      : options_(options),
        scheme_(scheme),
        threads_(threads),
        layers_(options.network->layers()),
        weights_(total_parameters(layers_)),
        update_(weights_.size()),
        dense_mean_(scheme.is_exact() ? 0 : weights_.size()),
        dense_update_(dense_mean_.size()),
        optimizer_(find_optimizer(options.optimizer)
                       .make(weights_.size(), momentum_left(options, scheme))),
        dense_optimizer_(
            find_optimizer(options.optimizer).make(dense_mean_.size(), options.momentum)),
        sampler_(make_sampler(options)),
        ages_(layers_) {
    if (scheme.is_exact()) mean_gradient_.emplace(*options.network, options.batch);
    options.network->initialize(options.seed, weights_);
    for (Rank rank = 0; rank < options.ranks; ++rank) {
      auto& worker = workers_.emplace_back();
      worker.rank = rank;
      if (mean_gradient_) continue;
      worker.pass = options.network->make_pass();
      worker.gradient.resize(weights_.size());
    }
  }

  void step(std::uint64_t step, const std::function<void(const TrainedStep&)>& on_step) {
    sampler_.begin_step(step);
    if (!mean_gradient_) compute_gradients(step);
    for (const auto& death : options_.deaths) {
      if (death.step == step) drop(death.rank);
    }
    if (mean_gradient_) contribute_mean(step);
    check_losses(step);
    const StepOutcome outcome = scheme_.exchange(step);
    const double rate =
        learning_rate_at(options_.schedule, options_.learning_rate, step, options_.steps);
    optimizer_->update(outcome.mean, update_);
    compute_dense_update();
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      weights_[i] -= static_cast<float>(rate) * update_[i];
    }
    ages_.record(step, outcome.mask);
    const bool evaluate =
        (step + 1) % sampler_.steps_per_epoch() == 0 || step + 1 == options_.steps;
    on_step({.step = step,
             .outcome = &outcome,
             .loss = mean_loss(),
             .accuracy = evaluate ? std::optional(test_accuracy()) : std::nullopt,
             .layers = layer_rows(step, outcome)});
  }

  TrainingResult result() {
    TrainingResult result;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto histogram = ages_.histogram(i);
      for (std::uint64_t age = 0; age < histogram.size(); ++age) {
        if (histogram[age] > 0) result.staleness.push_back({layers_[i].name, age, histogram[age]});
      }
    }
    const auto ages = ages_.all();
    result.age_mean = ages.mean;
    result.age_p50 = ages.p50;
    result.age_p95 = ages.p95;
    result.age_max = ages.max;
    result.weights = std::move(weights_);
    result.lost_mass = std::move(lost_mass_);
    return result;
  }

 private:
  void drop(Rank rank) {
    const auto worker =
        std::ranges::find_if(workers_, [&](const Worker& other) { return other.rank == rank; });
    lost_mass_.push_back(scheme_.drop(static_cast<Rank>(worker - workers_.begin())));
    workers_.erase(worker);
  }

  void compute_gradients(std::uint64_t step) {
    threads_.for_each(workers_.size(), [&](std::size_t index) {
      auto& worker = workers_[index];
      worker.gather(options_.data->train, sampler_.batch(step, worker.rank));
      worker.loss =
          worker.pass->loss_and_gradient(weights_, {worker.inputs, worker.labels}, worker.gradient);
      scheme_.contribute(static_cast<Rank>(index), step, worker.gradient, weights_);
    });
  }

  void check_losses(std::uint64_t step) const {
    for (const auto& worker : workers_) {
      if (std::isfinite(worker.loss)) continue;
      throw RunError(fmt::format(
          "training diverged in step {}: the loss is not finite; a smaller --lr may help", step));
    }
  }

  /// Instead of all ranks' gradients: an exact scheme needs the mean alone.
  void contribute_mean(std::uint64_t step) {
    std::vector<double> losses(workers_.size());
    const auto mean = mean_gradient_->compute(
        options_.data->train, weights_,
        [&](std::size_t index) { return sampler_.batch(step, workers_[index].rank); }, losses,
        threads_);
    for (std::size_t index = 0; index < workers_.size(); ++index)
      workers_[index].loss = losses[index];
    scheme_.contribute_mean(mean);
  }

  void compute_dense_update() {
    if (scheme_.is_exact()) return;
    std::vector<std::span<const float>> gradients;
    for (const auto& worker : workers_) gradients.emplace_back(worker.gradient);
    mean_over_ranks(gradients, dense_mean_);
    dense_optimizer_->update(dense_mean_, dense_update_);
  }

  double mean_loss() const {
    double sum = 0;
    for (const auto& worker : workers_) sum += worker.loss;
    return sum / static_cast<double>(workers_.size());
  }

  /// `count` samples from `begin` on, as they lie.
  static Batch slice(const Samples& samples, std::size_t begin, std::size_t count) {
    return {
        std::span(samples.inputs).subspan(begin * samples.input_size, count * samples.input_size),
        std::span(samples.labels).subspan(begin, count)};
  }

  double test_accuracy() {
    constexpr std::size_t rows = 500, calibration = 1024;
    const auto &train = options_.data->train, &test = options_.data->test;
    const std::size_t blocks = (test.size() + rows - 1) / rows,
                      passes = std::min(blocks, threads_.size());
    std::atomic<std::size_t> correct{0};
    threads_.for_each(passes, [&](std::size_t first) {
      const auto pass = options_.network->make_pass();
      pass->prepare_evaluation(weights_, slice(train, 0, std::min(calibration, train.size())));
      for (std::size_t begin = first * rows; begin < test.size(); begin += passes * rows) {
        correct += pass->correct(weights_, slice(test, begin, std::min(rows, test.size() - begin)));
      }
    });
    return static_cast<double>(correct) / static_cast<double>(test.size());
  }

  std::vector<LayerRow> layer_rows(std::uint64_t step, const StepOutcome& outcome) const {
    std::vector<LayerRow> rows;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto& layer = layers_[i];
      const auto& sent = outcome.layers[i];
      const auto age = ages_.layer(i);
      const auto applied = std::span(update_).subspan(layer.offset, layer.parameters);
      const auto [error, cosine] =
          scheme_.is_exact()
              ? no_deviation(applied)
              : deviation(applied,
                          std::span(dense_update_).subspan(layer.offset, layer.parameters));
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
           .error = error,
           .cosine = cosine});
    }
    return rows;
  }

  const TrainingOptions& options_;
  Scheme& scheme_;
  ThreadPool& threads_;
  const Layers& layers_;
  std::vector<float> weights_, update_, dense_mean_, dense_update_;
  std::unique_ptr<Optimizer> optimizer_, dense_optimizer_;
  BatchSampler sampler_;
  AgeTracker ages_;
  std::vector<Worker> workers_;                ///< of the ranks that live
  std::optional<MeanGradient> mean_gradient_;  ///< of an exact scheme, instead of the workers' own
  std::vector<double> lost_mass_;
};

}  // namespace

std::uint64_t steps_per_epoch(std::size_t samples, Rank ranks, std::size_t batch) {
  const std::uint64_t steps = samples / (ranks * batch);
  if (steps > 0) return steps;
  throw UserError(
      {{}, "--batch"},
      fmt::format("{} ranks x {} samples are more than the {} of an epoch", ranks, batch, samples),
      fmt::format("at most {} is accepted with {} ranks", samples / ranks, ranks));
}

TrainingMemory training_memory(const TrainingOptions& options, const Scheme& scheme) {
  const std::size_t parameters = total_parameters(options.network->layers());
  const auto& optimizer = find_optimizer(options.optimizer);
  return {.residuals_and_momenta =
              scheme.state_bytes() +
              optimizer.state_bytes(parameters, momentum_left(options, scheme)) +
              // of the dense update that others are compared with
              optimizer.state_bytes(scheme.is_exact() ? 0 : parameters, options.momentum),
          .gradients = Bytes{(scheme.is_exact() ? 1 : options.ranks) * parameters * sizeof(float)}};
}

TrainingResult train(const TrainingOptions& options, Scheme& scheme, ThreadPool& threads,
                     const std::function<void(const TrainedStep&)>& on_step) {
  Training training(options, scheme, threads);
  for (std::uint64_t step = 0; step < options.steps; ++step) training.step(step, on_step);
  return training.result();
}

}  // namespace ringsim
