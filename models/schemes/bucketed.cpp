#include "models/schemes/bucketed.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// Adds a bucket's stages to those of the buckets before it.
void append_stages(std::vector<Stage> own, std::uint32_t bucket, std::vector<Stage>& stages) {
  for (auto& stage : own) {
    stage.bucket = bucket;
    stages.push_back(std::move(stage));
  }
}

SchemeOptions options_of(const SchemeOptions& options, std::size_t bucket) {
  SchemeOptions own = options;
  own.bucket = static_cast<std::uint32_t>(bucket);
  return own;
}

/// A bucket's part of the flat buffers. Where its layers do not lie one behind the other, they are
/// copied.
class Part {
 public:
  Part(const Layers& all, const Bucket& bucket, Rank ranks) : indices_(bucket.layers) {
    for (const std::size_t index : indices_) {
      const auto& layer = all[index];
      if (runs_.empty() || runs_.back().offset + runs_.back().count != layer.offset)
        runs_.push_back({layer.offset, 0});
      runs_.back().count += layer.parameters;
      parameters_ += layer.parameters;
    }
    gradients_.resize(ranks);
    weights_.resize(ranks);
  }

  std::span<const std::size_t> indices() const { return indices_; }

  /// Valid until the rank's next call, and as long as `gradient` is.
  std::span<const float> gradient(Rank rank, std::span<const float> all) {
    return gather(all, gradients_[rank]);
  }
  std::span<const float> weights(Rank rank, std::span<const float> all) {
    return gather(all, weights_[rank]);
  }
  void scatter(std::span<const float> own, std::span<float> all) const {
    for (const auto& run : runs_) {
      std::copy_n(own.begin(), run.count, all.begin() + static_cast<std::ptrdiff_t>(run.offset));
      own = own.subspan(run.count);
    }
  }
  void drop(Rank rank) {
    gradients_.erase(gradients_.begin() + static_cast<std::ptrdiff_t>(rank));
    weights_.erase(weights_.begin() + static_cast<std::ptrdiff_t>(rank));
  }

 private:
  struct Run {
    std::size_t offset, count;
  };

  std::span<const float> gather(std::span<const float> all, std::vector<float>& copy) const {
    if (runs_.size() == 1) return all.subspan(runs_.front().offset, runs_.front().count);
    copy.resize(parameters_);
    auto next = copy.begin();
    for (const auto& run : runs_)
      next = std::ranges::copy(all.subspan(run.offset, run.count), next).out;
    return copy;
  }

  std::vector<std::size_t> indices_;
  std::vector<Run> runs_;
  std::size_t parameters_ = 0;
  std::vector<std::vector<float>> gradients_, weights_;  ///< per rank; empty where none is copied
};

class BucketedScheme final : public Scheme {
 public:
  BucketedScheme(const SchemeDefinition& definition, const Layers& layers,
                 const SchemeOptions& options, const std::vector<Bucket>& buckets)
      : layers_(layers), mean_(total_parameters(layers)) {
    for (const auto& layer : layers_) {
      first_words_.push_back(words_);
      words_ += prune::mask_words(layer.parameters);
    }
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      parts_.push_back({Part(layers_, buckets[i], options.ranks),
                        definition.make(layers_of(layers_, buckets[i]), options_of(options, i))});
    }
  }

  bool has_momentum_correction() const override {
    return parts_.front().scheme->has_momentum_correction();
  }
  bool is_exact() const override {
    return std::ranges::all_of(parts_, [](const auto& part) { return part.scheme->is_exact(); });
  }

  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override {
    for (auto& [part, scheme] : parts_)
      scheme->contribute(rank, step, part.gradient(rank, gradient), part.weights(rank, weights));
  }

  StepOutcome exchange(std::uint64_t step) override {
    StepOutcome outcome;
    outcome.layers.resize(layers_.size());
    mask_.assign(words_, ~prune::MaskWord{0});
    bool has_mask = false;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      auto& [part, scheme] = parts_[i];
      auto own = scheme->exchange(step);
      append_stages(std::move(own.stages), static_cast<std::uint32_t>(i), outcome.stages);
      part.scatter(own.mean, mean_);
      auto layer = own.layers.begin();
      for (const std::size_t index : part.indices()) outcome.layers[index] = *layer++;
      rank_masks_.resize(own.rank_masks.size(), std::vector<prune::MaskWord>(words_));
      for (std::size_t rank = 0; rank < rank_masks_.size(); ++rank)
        place_mask(part, own.rank_masks[rank], rank_masks_[rank]);
      if (own.mask.empty()) continue;
      has_mask = true;
      place_mask(part, own.mask, mask_);
    }
    outcome.mean = mean_;
    if (has_mask) outcome.mask = mask_;
    outcome.rank_masks = rank_masks_;
    return outcome;
  }

  double drop(Rank rank) override {
    double lost = 0;
    for (auto& [part, scheme] : parts_) {
      lost += scheme->drop(rank);
      part.drop(rank);
    }
    return lost;
  }

  Bytes state_bytes() const override {
    Bytes sum;
    for (const auto& part : parts_) sum += part.scheme->state_bytes();
    return sum;
  }

 private:
  struct Bucketed {
    Part part;
    std::unique_ptr<Scheme> scheme;
  };

  void place_mask(const Part& part, std::span<const prune::MaskWord> own,
                  std::span<prune::MaskWord> all) const {
    for (const std::size_t index : part.indices()) {
      const std::size_t words = prune::mask_words(layers_[index].parameters);
      std::copy_n(own.begin(), words,
                  all.begin() + static_cast<std::ptrdiff_t>(first_words_[index]));
      own = own.subspan(words);
    }
  }

  Layers layers_;
  std::vector<Bucketed> parts_;
  std::vector<std::size_t> first_words_;  ///< per layer
  std::size_t words_ = 0;
  std::vector<float> mean_;
  std::vector<prune::MaskWord> mask_;
  std::vector<std::vector<prune::MaskWord>> rank_masks_;
};

}  // namespace

std::unique_ptr<Scheme> make_bucketed(const SchemeDefinition& definition, const Layers& layers,
                                      const SchemeOptions& options,
                                      const std::vector<Bucket>& buckets) {
  return std::make_unique<BucketedScheme>(definition, layers, options, buckets);
}

SyntheticStep synthesize_bucketed(const SchemeDefinition& definition, const Layers& layers,
                                  const SchemeOptions& options, const std::vector<Bucket>& buckets,
                                  std::uint64_t step) {
  SyntheticStep all;
  all.layers.resize(layers.size());
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    auto own = definition.synthesize(layers_of(layers, buckets[i]), options_of(options, i), step);
    append_stages(std::move(own.stages), static_cast<std::uint32_t>(i), all.stages);
    auto layer = own.layers.begin();
    for (const std::size_t index : buckets[i].layers) all.layers[index] = *layer++;
    all.state_per_rank += own.state_per_rank;
  }
  return all;
}

}  // namespace ringsim
