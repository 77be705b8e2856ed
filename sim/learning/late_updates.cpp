#include "sim/learning/late_updates.hpp"

#include "models/schedule.hpp"
#include "models/schemes/mean.hpp"
#include "sim/learning/training_parts.hpp"

#include <utility>

namespace ringsim {

LateUpdates::LateUpdates(const TrainingOptions& options, const BucketedScheme& scheme,
                         bool is_dense)
    : options_(options),
      scheme_(scheme),
      is_dense_(is_dense),
      all_(total_parameters(options.network->layers())),
      all_dense_(is_dense ? 0 : all_.size()) {
  const auto& optimizer = find_optimizer(options.optimizer);
  for (std::size_t i = 0; i < scheme.buckets(); ++i) {
    const std::size_t own = scheme.part(i).parameters();
    const std::size_t compared = is_dense ? 0 : own;
    buckets_.push_back({.optimizer = optimizer.make(own, momentum_left(options, scheme)),
                        .dense_optimizer = optimizer.make(compared, options.momentum),
                        .update = std::vector<float>(own),
                        .dense_mean = std::vector<float>(compared),
                        .dense_update = std::vector<float>(compared)});
  }
}

void LateUpdates::compare(std::size_t bucket, const std::vector<LateRank>& ranks,
                          const std::vector<Rank>& positions) {
  if (is_dense_) return;
  const auto& part = scheme_.part(bucket);
  auto& own = buckets_[bucket];
  own.copies.resize(ranks.size());
  std::vector<std::span<const float>> gradients;
  gradients.reserve(positions.size());
  for (const Rank position : positions)
    gradients.push_back(part.gather(ranks[position].compared, own.copies[position]));
  mean_over_ranks(gradients, own.dense_mean);
  own.dense_optimizer->update(own.dense_mean, own.dense_update);
  part.scatter(own.dense_update, all_dense_);
}

void LateUpdates::add_version(std::uint64_t step, std::size_t bucket, std::span<const float> mean,
                              VersionedWeights& weights) {
  const auto rate = static_cast<float>(
      learning_rate_at(options_.schedule, options_.learning_rate, step, options_.steps));
  auto& update = buckets_[bucket].update;
  buckets_[bucket].optimizer->update(mean, update);
  scheme_.part(bucket).scatter(update, all_);
  const auto last = weights.of_bucket(bucket, weights.newest());
  std::vector<float> next(last.begin(), last.end());
  for (std::size_t i = 0; i < next.size(); ++i) next[i] -= rate * update[i];
  weights.add(std::move(next));
}

}  // namespace ringsim
