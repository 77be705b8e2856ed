#include "models/schemes/bucketed.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

SchemeOptions options_of(const SchemeOptions& options, std::size_t bucket) {
  SchemeOptions own = options;
  own.bucket = static_cast<std::uint32_t>(bucket);
  return own;
}

void number_stages(std::size_t bucket, std::vector<Stage>& stages) {
  for (auto& stage : stages) stage.bucket = static_cast<std::uint32_t>(bucket);
}

}  // namespace

BucketedScheme::BucketedScheme(const SchemeDefinition& definition, const Layers& layers,
                               const SchemeOptions& options, const std::vector<Bucket>& buckets)
    : layers_(layers), mean_(total_parameters(layers)) {
  std::size_t words = 0;
  for (const auto& layer : layers_) words += prune::mask_words(layer.parameters);
  everything_.resize(words);
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    BucketPart part(layers_, buckets[i]);
    part.mark_all(everything_);
    auto scheme = definition.make(part.layers(), options_of(options, i));
    parts_.push_back(
        {std::move(part), std::move(scheme), std::vector<Bucketed::Copies>(options.ranks)});
  }
}

bool BucketedScheme::has_momentum_correction() const {
  return parts_.front().scheme->has_momentum_correction();
}

bool BucketedScheme::is_exact() const {
  return std::ranges::all_of(parts_, [](const auto& part) { return part.scheme->is_exact(); });
}

void BucketedScheme::contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                                std::span<const float> weights) {
  for (std::size_t i = 0; i < parts_.size(); ++i)
    contribute_bucket(i, rank, step, gradient, weights);
}

void BucketedScheme::contribute_mean(std::span<const float> mean) {
  for (auto& [part, scheme, ranks, own] : parts_) scheme->contribute_mean(part.gather(mean, own));
}

StepOutcome BucketedScheme::exchange(std::uint64_t step) { return exchange_among(step, {}); }

StepOutcome BucketedScheme::exchange_among(std::uint64_t step, std::span<const Rank> present) {
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < parts_.size(); ++i)
    std::ranges::move(exchange_bucket(i, step, present).stages, std::back_inserter(stages));
  auto outcome = joined();
  outcome.stages = std::move(stages);
  return outcome;
}

void BucketedScheme::keep(Rank rank, std::span<const float> gradient) {
  for (std::size_t i = 0; i < parts_.size(); ++i) keep_bucket(i, rank, gradient);
}

double BucketedScheme::drop(Rank rank) {
  double lost = 0;
  for (auto& [part, scheme, ranks, mean] : parts_) {
    lost += scheme->drop(rank);
    ranks.erase(ranks.begin() + static_cast<std::ptrdiff_t>(rank));
  }
  return lost;
}

Bytes BucketedScheme::state_bytes() const {
  Bytes sum;
  for (const auto& part : parts_) sum += part.scheme->state_bytes();
  return sum;
}

void BucketedScheme::contribute_bucket(std::size_t bucket, Rank rank, std::uint64_t step,
                                       std::span<const float> gradient,
                                       std::span<const float> weights) {
  auto& [part, scheme, ranks, mean] = parts_[bucket];
  scheme->contribute(rank, step, part.gather(gradient, ranks[rank].gradient),
                     part.gather(weights, ranks[rank].weights));
}

void BucketedScheme::keep_bucket(std::size_t bucket, Rank rank, std::span<const float> gradient) {
  auto& [part, scheme, ranks, mean] = parts_[bucket];
  scheme->keep(rank, part.gather(gradient, ranks[rank].gradient));
}

StepOutcome BucketedScheme::exchange_bucket(std::size_t bucket, std::uint64_t step,
                                            std::span<const Rank> present) {
  auto& scheme = *parts_[bucket].scheme;
  auto own = present.empty() ? scheme.exchange(step) : scheme.exchange_among(step, present);
  number_stages(bucket, own.stages);
  join(bucket, own);
  return own;
}

void BucketedScheme::join(std::size_t bucket, const StepOutcome& own) {
  if (bucket == 0) {
    joined_ = {};
    joined_.layers.resize(layers_.size());
    has_mask_ = false;
    mask_ = everything_;
    rank_masks_.resize(own.rank_masks.size(), everything_);
  }
  check(own.rank_masks.size() == rank_masks_.size(), "buckets: masks of ranks in some alone");
  const auto& part = parts_[bucket].part;
  part.scatter(own.mean, mean_);
  auto layer = own.layers.begin();
  for (const std::size_t index : part.indices()) joined_.layers[index] = *layer++;
  for (std::size_t rank = 0; rank < rank_masks_.size(); ++rank)
    part.scatter_mask(own.rank_masks[rank], rank_masks_[rank]);
  if (own.mask.empty()) return;
  has_mask_ = true;
  part.scatter_mask(own.mask, mask_);
}

StepOutcome BucketedScheme::joined() {
  joined_.mean = mean_;
  if (has_mask_) joined_.mask = mask_;
  joined_.rank_masks = rank_masks_;
  return std::move(joined_);
}

SyntheticStep synthesize_bucketed(const SchemeDefinition& definition, const Layers& layers,
                                  const SchemeOptions& options, const std::vector<Bucket>& buckets,
                                  std::uint64_t step) {
  SyntheticStep all;
  all.layers.resize(layers.size());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    auto own = definition.synthesize(layers_of(layers, buckets[i]), options_of(options, i), step);
    number_stages(i, own.stages);
    std::ranges::move(own.stages, std::back_inserter(all.stages));
    auto layer = own.layers.begin();
    for (const std::size_t index : buckets[i].layers) all.layers[index] = *layer++;
    all.state_per_rank += own.state_per_rank;
  }
  return all;
}

}  // namespace ringsim
