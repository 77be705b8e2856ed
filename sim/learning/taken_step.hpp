#pragma once
// Whose gradients the exchanges of one step's buckets have taken, and how late these were.
#include "base/rank.hpp"
#include "models/schemes/bucket_part.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

class TakenStep {
 public:
  TakenStep() = default;
  /// `mask_words`: of a mask of all layers, where ranks may be left out; 0 where nobody is.
  TakenStep(std::size_t ranks, std::size_t buckets, std::size_t mask_words)
      : buckets_(ranks, std::vector<bool>(buckets)),
        masks_(ranks, std::vector<prune::MaskWord>(mask_words)) {}

  /// The exchange of a bucket has taken the gradient of the rank at `position`.
  void take(Rank position, std::size_t bucket, const BucketPart& part, std::uint64_t delay) {
    buckets_[position][bucket] = true;
    delays_ += delay * part.parameters();
    parameters_ += part.parameters();
    delay_max_ = std::max(delay_max_, delay);
  }
  /// What it has sent of the bucket, as StepOutcome::mask. Where ranks may be left out.
  void note_mask(Rank position, const BucketPart& part, std::span<const prune::MaskWord> mask) {
    if (mask.empty()) {
      part.mark_all(masks_[position]);
    } else {
      part.scatter_mask(mask, masks_[position]);
    }
  }

  bool any(Rank position) const { return std::ranges::count(buckets_[position], true) > 0; }
  bool all(Rank position) const { return std::ranges::count(buckets_[position], false) == 0; }

  /// What each rank has sent, once the exchanges have been; of one that has been left out of no
  /// bucket it is `mask`, the step's.
  std::vector<std::span<const prune::MaskWord>> masks(std::span<const prune::MaskWord> mask) const {
    std::vector<std::span<const prune::MaskWord>> masks;
    for (Rank position = 0; position < masks_.size(); ++position)
      masks.push_back(all(position) ? mask : masks_[position]);
    return masks;
  }

  /// Over ranks and parameters.
  double delay_mean() const {
    return static_cast<double>(delays_) / static_cast<double>(parameters_);
  }
  std::uint64_t delay_max() const { return delay_max_; }

 private:
  std::vector<std::vector<bool>> buckets_;  ///< [position][bucket]
  std::vector<std::vector<prune::MaskWord>> masks_;
  std::uint64_t delays_ = 0, delay_max_ = 0, parameters_ = 0;
};

}  // namespace ringsim
