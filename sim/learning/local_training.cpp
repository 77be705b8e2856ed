#include "sim/learning/local_training.hpp"

#include "base/error.hpp"
#include "models/schedule.hpp"
#include "models/schemes/mean.hpp"
#include "sim/learning/living_ranks.hpp"
#include "sim/learning/training_parts.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

struct LocalRank {
  RankWorker worker;
  std::unique_ptr<Optimizer> optimizer;
  std::vector<float> weights, update, difference;
};

class LocalTraining {
 public:
  LocalTraining(const TrainingOptions& options, std::uint64_t every, Scheme& scheme,
                ThreadPool& threads)
      : options_(options),
        every_(every),
        scheme_(scheme),
        threads_(threads),
        layers_(options.network->layers()),
        common_(total_parameters(layers_)),
        dense_mean_(common_.size()),
        sampler_(make_sampler(options)),
        sent_(layers_) {
    check(!scheme.has_momentum_correction(), "local training: the momentum is the ranks' own");
    options.network->initialize(options.seed, common_);
    for (Rank rank = 0; rank < options.ranks; ++rank) {
      ranks_.push_back({RankWorker(rank, *options.network, common_.size()),
                        find_optimizer(options.optimizer).make(common_.size(), options.momentum),
                        common_,
                        std::vector<float>(common_.size()),
                        {}});
    }
    for (const auto& layer : layers_) words_ += prune::mask_words(layer.parameters);
  }

  void step(std::uint64_t step, const std::function<void(const TrainedStep&)>& on_step) {
    sampler_.begin_step(step);
    threads_.for_each(ranks_.size(), [&](std::size_t index) { step_alone(step, ranks_[index]); });
    for (const auto& death : options_.deaths) {
      if (death.step == step) drop(death.rank);
    }
    for (const auto& rank : ranks_) check_converges(step, rank.worker.loss);
    const bool exchanges = (step + 1) % every_ == 0 || step + 1 == options_.steps;
    const StepOutcome outcome = exchanges ? exchange() : nothing();
    TrainedStep row{.step = step,
                    .outcome = &outcome,
                    .loss = mean_loss(),
                    .accuracy = {},
                    .layers = sent_.record(step, outcome)};
    if (exchanges) {
      fill_deviations(layers_, outcome.mean,
                      scheme_.is_exact() ? std::span<const float>() : dense_mean_, row.layers);
    }
    if (evaluates_after(step, options_, sampler_.steps_per_epoch()))
      row.accuracy = test_accuracy(*options_.network, *options_.data, mean_weights(), threads_);
    on_step(row);
  }

  TrainingResult result() {
    TrainingResult result;
    sent_.fill_ages(result);
    result.weights = std::move(common_);
    result.lost_mass = std::move(lost_mass_);
    return result;
  }

 private:
  /// What the rank has moved since the last exchange is lost with what it had kept back.
  void drop(Rank rank) {
    const Rank position = position_of(rank, ranks_);
    contribute(position);
    lost_mass_.push_back(drop_rank(position, ranks_, scheme_, sent_));
  }

  void contribute(std::size_t index) {
    auto& rank = ranks_[index];
    rank.difference.resize(common_.size());
    for (std::size_t i = 0; i < common_.size(); ++i)
      rank.difference[i] = common_[i] - rank.weights[i];
    scheme_.contribute(static_cast<Rank>(index), exchanges_, rank.difference, common_);
  }

  void step_alone(std::uint64_t step, LocalRank& rank) const {
    auto& worker = rank.worker;
    worker.compute(options_.data->train, sampler_.batch(step, worker.rank), rank.weights);
    rank.optimizer->update(worker.gradient, rank.update);
    const auto rate = static_cast<float>(
        learning_rate_at(options_.schedule, options_.learning_rate, step, options_.steps));
    for (std::size_t i = 0; i < rank.weights.size(); ++i) rank.weights[i] -= rate * rank.update[i];
  }

  StepOutcome exchange() {
    threads_.for_each(ranks_.size(), [this](std::size_t index) { contribute(index); });
    auto outcome = scheme_.exchange(exchanges_++);
    std::vector<std::span<const float>> differences;
    for (const auto& rank : ranks_) differences.emplace_back(rank.difference);
    mean_over_ranks(differences, dense_mean_);
    for (std::size_t i = 0; i < common_.size(); ++i) common_[i] -= outcome.mean[i];
    for (auto& rank : ranks_) rank.weights = common_;
    return outcome;
  }

  /// Of a step in which nobody sends anything.
  StepOutcome nothing() {
    StepOutcome outcome;
    nothing_sent_.assign(words_, 0);
    outcome.mask = nothing_sent_;
    outcome.layers.resize(layers_.size());
    return outcome;
  }

  std::vector<float> mean_weights() const {
    std::vector<std::span<const float>> weights;
    for (const auto& rank : ranks_) weights.emplace_back(rank.weights);
    std::vector<float> mean(common_.size());
    mean_over_ranks(weights, mean);
    return mean;
  }

  double mean_loss() const {
    double sum = 0;
    for (const auto& rank : ranks_) sum += rank.worker.loss;
    return sum / static_cast<double>(ranks_.size());
  }

  const TrainingOptions& options_;
  std::uint64_t every_, exchanges_ = 0;
  Scheme& scheme_;
  ThreadPool& threads_;
  const Layers& layers_;
  std::vector<float> common_, dense_mean_;
  BatchSampler sampler_;
  SentRecord sent_;
  std::vector<LocalRank> ranks_;  ///< those that live
  std::vector<double> lost_mass_;
  std::size_t words_ = 0;  ///< of a mask
  std::vector<prune::MaskWord> nothing_sent_;
};

}  // namespace

Bytes local_memory(const TrainingOptions& options) {
  const std::size_t parameters = total_parameters(options.network->layers());
  const auto& optimizer = find_optimizer(options.optimizer);
  // Weights, update and difference.
  return options.ranks * (Bytes{3 * parameters * sizeof(float)} +
                          optimizer.state_bytes(parameters, options.momentum));
}

TrainingResult train_locally(const TrainingOptions& options, std::uint64_t every, Scheme& scheme,
                             ThreadPool& threads,
                             const std::function<void(const TrainedStep&)>& on_step) {
  LocalTraining training(options, every, scheme, threads);
  for (std::uint64_t step = 0; step < options.steps; ++step) training.step(step, on_step);
  return training.result();
}

}  // namespace ringsim
