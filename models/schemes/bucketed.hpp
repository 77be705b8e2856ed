#pragma once
// A scheme that works bucket by bucket, as the communication hooks of PyTorch's
// DistributedDataParallel do: one instance for each bucket, which knows its layers alone. Options
// that hold for all layers together (the norm that `clip` limits) hold for each bucket.
#include "models/buckets.hpp"
#include "models/schemes/bucket_part.hpp"
#include "models/schemes/scheme.hpp"

#include <memory>
#include <vector>

namespace ringsim {

/// The stages of the buckets stand one after the other and carry the bucket's number.
class BucketedScheme final : public Scheme {
 public:
  /// Throws UserError as definition.make does.
  BucketedScheme(const SchemeDefinition& definition, const Layers& layers,
                 const SchemeOptions& options, const std::vector<Bucket>& buckets);

  bool has_momentum_correction() const override;
  bool is_exact() const override;
  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  void contribute_mean(std::span<const float> mean) override;
  StepOutcome exchange(std::uint64_t step) override;
  StepOutcome exchange_among(std::uint64_t step, std::span<const Rank> present) override;
  void keep(Rank rank, std::span<const float> gradient) override;
  double drop(Rank rank) override;
  Bytes state_bytes() const override;

  // The same for one bucket after the other, in order.

  std::size_t buckets() const { return parts_.size(); }
  const BucketPart& part(std::size_t bucket) const { return parts_[bucket].part; }
  /// Of a mask of all layers.
  std::size_t mask_words() const { return everything_.size(); }
  const Scheme& scheme(std::size_t bucket) const { return *parts_[bucket].scheme; }
  /// `gradient` and `weights` are of all layers.
  void contribute_bucket(std::size_t bucket, Rank rank, std::uint64_t step,
                         std::span<const float> gradient, std::span<const float> weights);
  void keep_bucket(std::size_t bucket, Rank rank, std::span<const float> gradient);
  /// The bucket's own outcome, whose stages carry its number; all ranks contribute where `present`
  /// is empty.
  StepOutcome exchange_bucket(std::size_t bucket, std::uint64_t step,
                              std::span<const Rank> present);
  /// What the exchanges of a step's buckets, all of which have been, come to. Its stages are those
  /// of exchange_bucket().
  StepOutcome joined();

 private:
  struct Bucketed {
    /// A rank's values, where the part's are copied.
    struct Copies {
      std::vector<float> gradient, weights;
    };
    BucketPart part;
    std::unique_ptr<Scheme> scheme;
    std::vector<Copies> ranks;
    std::vector<float> mean = {};
  };

  /// Takes a bucket's outcome into joined().
  void join(std::size_t bucket, const StepOutcome& own);

  Layers layers_;
  std::vector<Bucketed> parts_;
  std::vector<prune::MaskWord> everything_;  ///< a mask of all parameters
  // Of the step that is exchanged.
  StepOutcome joined_;
  bool has_mask_ = false;
  std::vector<float> mean_;
  std::vector<prune::MaskWord> mask_;
  std::vector<std::vector<prune::MaskWord>> rank_masks_;
};

/// definition.synthesize for every bucket.
SyntheticStep synthesize_bucketed(const SchemeDefinition& definition, const Layers& layers,
                                  const SchemeOptions& options, const std::vector<Bucket>& buckets,
                                  std::uint64_t step);

}  // namespace ringsim
