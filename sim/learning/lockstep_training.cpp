#include "sim/learning/lockstep_training.hpp"

#include "models/schedule.hpp"
#include "models/schemes/mean.hpp"
#include "sim/learning/living_ranks.hpp"
#include "sim/learning/mean_gradient.hpp"
#include "sim/learning/training_parts.hpp"

#include <algorithm>

namespace ringsim {
namespace {

class LockstepTraining {
 public:
  LockstepTraining(const TrainingOptions& options, Scheme& scheme, ThreadPool& threads)
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
        sent_(layers_) {
    if (scheme.is_exact()) mean_gradient_.emplace(*options.network, options.batch);
    options.network->initialize(options.seed, weights_);
    for (Rank rank = 0; rank < options.ranks; ++rank) {
      if (mean_gradient_) {
        workers_.emplace_back(rank);
      } else {
        workers_.emplace_back(rank, *options.network, weights_.size());
      }
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
    const bool evaluate = evaluates_after(step, options_, sampler_.steps_per_epoch());
    on_step({.step = step,
             .outcome = &outcome,
             .loss = mean_loss(),
             .accuracy = evaluate ? std::optional(test_accuracy(*options_.network, *options_.data,
                                                                weights_, threads_))
                                  : std::nullopt,
             .layers = rows_of(step, outcome)});
  }

  TrainingResult result() {
    TrainingResult result;
    sent_.fill_ages(result);
    result.weights = std::move(weights_);
    result.lost_mass = std::move(lost_mass_);
    return result;
  }

 private:
  void drop(Rank rank) {
    lost_mass_.push_back(drop_rank(position_of(rank, workers_), workers_, scheme_, sent_));
  }

  void compute_gradients(std::uint64_t step) {
    threads_.for_each(workers_.size(), [&](std::size_t index) {
      auto& worker = workers_[index];
      worker.compute(options_.data->train, sampler_.batch(step, worker.rank), weights_);
      scheme_.contribute(static_cast<Rank>(index), step, worker.gradient, weights_);
    });
  }

  void check_losses(std::uint64_t step) const {
    for (const auto& worker : workers_) check_converges(step, worker.loss);
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

  std::vector<LayerRow> rows_of(std::uint64_t step, const StepOutcome& outcome) {
    auto rows = sent_.record(step, outcome);
    fill_deviations(layers_, update_, scheme_.is_exact() ? std::span<const float>() : dense_update_,
                    rows);
    return rows;
  }

  const TrainingOptions& options_;
  Scheme& scheme_;
  ThreadPool& threads_;
  const Layers& layers_;
  std::vector<float> weights_, update_, dense_mean_, dense_update_;
  std::unique_ptr<Optimizer> optimizer_, dense_optimizer_;
  BatchSampler sampler_;
  SentRecord sent_;
  std::vector<RankWorker> workers_;            ///< of the ranks that live
  std::optional<MeanGradient> mean_gradient_;  ///< of an exact scheme, instead of the workers' own
  std::vector<double> lost_mass_;
};

}  // namespace

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
  LockstepTraining training(options, scheme, threads);
  for (std::uint64_t step = 0; step < options.steps; ++step) training.step(step, on_step);
  return training.result();
}

}  // namespace ringsim
