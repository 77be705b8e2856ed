#include "sim/learning/late_training.hpp"

#include "base/error.hpp"
#include "sim/learning/late_ranks.hpp"
#include "sim/learning/late_updates.hpp"
#include "sim/learning/living_ranks.hpp"
#include "sim/learning/taken_step.hpp"
#include "sim/learning/versioned_weights.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

/// Adds lambda*g*g*(now - then).
void compensate(double lambda, std::span<const float> now, std::span<const float> then,
                std::span<float> gradient) {
  const auto factor = static_cast<float>(lambda);
  for (std::size_t i = 0; i < gradient.size(); ++i)
    gradient[i] += factor * gradient[i] * gradient[i] * (now[i] - then[i]);
}

VersionedWeights first_weights(const TrainingOptions& options, const BucketedScheme& scheme) {
  std::vector<const BucketPart*> parts;
  for (std::size_t i = 0; i < scheme.buckets(); ++i) parts.push_back(&scheme.part(i));
  std::vector<float> initial(total_parameters(options.network->layers()));
  options.network->initialize(options.seed, initial);
  return {std::move(parts), initial};
}

}  // namespace

class LateTraining::Trainer {
 public:
  Trainer(const TrainingOptions& options, const LateOptions& lateness, BucketedScheme& scheme,
          ThreadPool& threads, std::function<void(const TrainedStep&)> on_step)
      : options_(options),
        lateness_(lateness),
        scheme_(scheme),
        threads_(threads),
        on_step_(std::move(on_step)),
        layers_(options.network->layers()),
        weights_(first_weights(options, scheme)),
        updates_(options, scheme, scheme.is_exact() && !lateness.compares_with_fresh),
        sampler_(make_sampler(options)),
        sent_(layers_) {
    for (Rank rank = 0; rank < options.ranks; ++rank)
      ranks_.push_back({RankWorker(rank, *options.network, total_parameters(layers_))});
  }

  void begin(Rank rank, std::uint64_t step, Seconds now) {
    sampler_.begin_step(step);
    const auto samples = sampler_.batch(step, rank);
    state_of(rank).pending.push_back(
        {.step = step,
         .begin = now,
         .samples = {samples.begin(), samples.end()},
         .ready = std::vector<std::optional<Seconds>>(scheme_.buckets())});
  }

  void ready(Rank rank, std::size_t bucket, Seconds now) {
    state_of(rank).pending.back().ready[bucket] = now;
  }

  void apply(Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
    auto& applied = state_of(rank).applied;
    check(applied.size() == version_before(step, bucket), "updates have to be applied in order");
    applied.push_back(now);
  }

  std::vector<Stage> exchange(std::uint64_t step, std::size_t bucket) {
    check(weights_.newest() == version_before(step, bucket), "exchanges have to come in order");
    if (bucket == 0)
      taken_ = {ranks_.size(), scheme_.buckets(), lateness_.quorum ? scheme_.mask_words() : 0};
    const auto living = static_cast<Rank>(ranks_.size());
    const auto present = choose_contributors(ranks_, step, bucket,
                                             std::min(lateness_.quorum.value_or(living), living));
    compute_gradients(step, bucket, present);
    const auto outcome = scheme_.exchange_bucket(
        bucket, step, lateness_.quorum ? std::span<const Rank>(present) : std::span<const Rank>());
    updates_.compare(bucket, ranks_, present);
    updates_.add_version(step, bucket, outcome.mean, weights_);
    if (lateness_.quorum) {
      for (const Rank position : present)
        taken_.note_mask(position, scheme_.part(bucket), outcome.mask);
    }
    if (bucket + 1 == scheme_.buckets()) end_step(step);
    return outcome.stages;
  }

  std::vector<std::uint64_t> go_on_without(const std::vector<Rank>& dead, std::uint64_t step) {
    check(weights_.newest() == version_before(step, 0), "the exchange of that step has begun");
    for (const Rank rank : dead) drop(rank, step);
    std::vector<std::uint64_t> in_hand(options_.ranks);
    for (auto& rank : ranks_) in_hand[rank.worker.rank] = rank.undo(step, version_before(step, 0));
    return in_hand;
  }

  TrainingResult result() {
    TrainingResult result;
    sent_.fill_ages(result);
    const auto newest = newest_weights();
    result.weights.assign(newest.begin(), newest.end());
    result.lost_mass = std::move(lost_mass_);
    return result;
  }

 private:
  std::uint64_t version_before(std::uint64_t step, std::size_t bucket) const {
    return step * scheme_.buckets() + bucket;
  }
  /// That somebody who begins `step` may hold: without the updates of `staleness` steps before it.
  std::uint64_t oldest_version(std::uint64_t step) const {
    return version_before(step - std::min(step, lateness_.staleness), 0);
  }
  std::span<const float> newest_weights() { return weights_.all(weights_.newest(), newest_); }

  LateRank& state_of(Rank rank) { return ranks_[position_of(rank, ranks_)]; }

  void drop(Rank rank, std::uint64_t step) {
    const Rank position = position_of(rank, ranks_);
    auto& state = ranks_[position];
    // Whether it has that gradient, computes it or would have: as in synchronous steps.
    const auto own = std::ranges::find(state.pending, step, &PendingGradient::step);
    const std::uint64_t held = own != state.pending.end()
                                   ? state.version_at_begin(*own)
                                   : static_cast<std::uint64_t>(state.applied.size());
    sampler_.begin_step(step);
    state.worker.compute(
        options_.data->train, sampler_.batch(step, rank),
        weights_.all(std::clamp(held, oldest_version(step), weights_.newest()), state.weights));
    scheme_.contribute(position, step, state.worker.gradient, newest_weights());
    lost_mass_.push_back(drop_rank(position, ranks_, scheme_, sent_));
  }

  /// Of all that have begun a step up to this one, and hands over what is ready of them.
  void compute_gradients(std::uint64_t step, std::size_t bucket, const std::vector<Rank>& present) {
    const auto newest = newest_weights();
    std::vector<std::uint64_t> delays(ranks_.size());
    threads_.for_each(ranks_.size(), [&](std::size_t index) {
      const auto position = static_cast<Rank>(index);
      auto& rank = ranks_[index];
      while (!rank.pending.empty() && rank.pending.front().step <= step) {
        auto& gradient = rank.pending.front();
        if (!gradient.version) compute(rank, gradient);
        const std::size_t until = gradient.step < step ? scheme_.buckets() : bucket + 1;
        for (; gradient.next < until && gradient.ready[gradient.next]; ++gradient.next) {
          const bool is_taken = gradient.step == step && gradient.next == bucket &&
                                std::ranges::binary_search(present, position);
          if (!is_taken) {
            scheme_.keep_bucket(gradient.next, position, rank.worker.gradient);
            continue;
          }
          delays[index] = step - weights_.updates_of(bucket, *gradient.version);
          compare_with_fresh(rank, gradient);
          scheme_.contribute_bucket(bucket, position, step, rank.worker.gradient, newest);
        }
        if (gradient.next < scheme_.buckets()) return;
        rank.pending.pop_front();
      }
    });
    for (const Rank position : present) {
      check_converges(step, ranks_[position].worker.loss);
      taken_.take(position, bucket, scheme_.part(bucket), delays[position]);
    }
  }

  void compute(LateRank& rank, PendingGradient& gradient) const {
    auto& worker = rank.worker;
    gradient.version = rank.version_at_begin(gradient);
    worker.compute(options_.data->train, gradient.samples,
                   weights_.all(*gradient.version, rank.weights));
    // While the version is at hand: a late gradient's may be gone when it is used. No bucket is
    // updated between this exchange and its own one of the same step.
    for (std::size_t bucket = 0; bucket < scheme_.buckets(); ++bucket)
      compensate_delay(bucket, *gradient.version, worker.gradient);
  }

  void compensate_delay(std::size_t bucket, std::uint64_t version, std::span<float> all) const {
    const std::uint64_t delay =
        weights_.updates_of(bucket, weights_.newest()) - weights_.updates_of(bucket, version);
    if (delay == 0 || (!lateness_.delay_compensation && !lateness_.scales_by_delay)) return;
    const auto& part = scheme_.part(bucket);
    std::vector<float> own(part.parameters());
    part.copy_from(all, own);
    if (lateness_.delay_compensation) {
      compensate(*lateness_.delay_compensation, weights_.of_bucket(bucket, weights_.newest()),
                 weights_.of_bucket(bucket, version), own);
    }
    if (lateness_.scales_by_delay) {
      for (float& value : own) value *= 1 / static_cast<float>(delay);
    }
    part.scatter(own, all);
  }

  /// With the weights before the step's first bucket: those of a gradient that is not late.
  void compare_with_fresh(LateRank& rank, PendingGradient& gradient) const {
    rank.compared = rank.worker.gradient;
    const std::uint64_t version = version_before(gradient.step, 0);
    if (!lateness_.compares_with_fresh || *gradient.version == version) return;
    if (!gradient.has_fresh) {
      rank.fresh.resize(total_parameters(layers_));
      rank.worker.compute(options_.data->train, gradient.samples,
                          weights_.all(version, rank.weights), rank.fresh);
      gradient.has_fresh = true;
    }
    rank.compared = rank.fresh;
  }

  void end_step(std::uint64_t step) {
    report(step);
    // Whoever has begun a step up to this one has computed its gradient.
    weights_.forget_before(oldest_version(step + 1));
  }

  void report(std::uint64_t step) {
    const auto outcome = scheme_.joined();
    TrainedStep row{.step = step, .outcome = &outcome, .loss = 0, .accuracy = {}, .layers = {}};
    double losses = 0;
    for (Rank position = 0; position < ranks_.size(); ++position) {
      if (!taken_.any(position)) continue;
      row.loss += ranks_[position].worker.loss;
      ++losses;
    }
    row.loss /= losses;
    row.delay_mean = taken_.delay_mean();
    row.delay_max = taken_.delay_max();
    if (lateness_.quorum) {
      row.left_out.emplace();
      for (Rank position = 0; position < ranks_.size(); ++position) {
        if (!taken_.all(position)) row.left_out->push_back(ranks_[position].worker.rank);
      }
    }
    if (evaluates_after(step, options_, sampler_.steps_per_epoch()))
      row.accuracy = test_accuracy(*options_.network, *options_.data, newest_weights(), threads_);
    row.layers = lateness_.quorum ? sent_.record(step, outcome, taken_.masks(outcome.mask))
                                  : sent_.record(step, outcome);
    fill_deviations(layers_, updates_.all(), updates_.all_dense(), row.layers);
    on_step_(row);
  }

  const TrainingOptions& options_;
  const LateOptions lateness_;
  BucketedScheme& scheme_;
  ThreadPool& threads_;
  std::function<void(const TrainedStep&)> on_step_;
  const Layers& layers_;
  VersionedWeights weights_;
  std::vector<float> newest_;  ///< scratch
  LateUpdates updates_;
  BatchSampler sampler_;
  SentRecord sent_;
  std::vector<LateRank> ranks_;    ///< those that live, ascending
  std::vector<double> lost_mass_;  ///< per death
  TakenStep taken_;
};

LateTraining::LateTraining(const TrainingOptions& options, const LateOptions& lateness,
                           BucketedScheme& scheme, ThreadPool& threads,
                           std::function<void(const TrainedStep&)> on_step)
    : trainer_(std::make_unique<Trainer>(options, lateness, scheme, threads, std::move(on_step))) {}

LateTraining::~LateTraining() = default;

void LateTraining::begin(Rank rank, std::uint64_t step, Seconds now) {
  trainer_->begin(rank, step, now);
}
void LateTraining::ready(Rank rank, std::size_t bucket, Seconds now) {
  trainer_->ready(rank, bucket, now);
}
void LateTraining::apply(Rank rank, std::uint64_t step, std::size_t bucket, Seconds now) {
  trainer_->apply(rank, step, bucket, now);
}
std::vector<Stage> LateTraining::exchange(std::uint64_t step, std::size_t bucket) {
  return trainer_->exchange(step, bucket);
}
std::vector<std::uint64_t> LateTraining::go_on_without(const std::vector<Rank>& dead,
                                                       std::uint64_t step) {
  return trainer_->go_on_without(dead, step);
}
TrainingResult LateTraining::result() { return trainer_->result(); }

LateMemory late_memory(const TrainingOptions& options, const LateOptions& lateness) {
  const std::uint64_t versions = lateness.staleness + 1;
  const std::size_t parameters = total_parameters(options.network->layers());
  return {.versions = versions, .weights = Bytes{versions * parameters * sizeof(float)}};
}

}  // namespace ringsim
