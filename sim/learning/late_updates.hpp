#pragma once
// What exchanges do to the weights where updates arrive late, bucket by bucket, and what the mean
// of the gradients would have done in their place, which they are compared with.
#include "models/optimizer.hpp"
#include "models/schemes/bucketed.hpp"
#include "sim/learning/late_ranks.hpp"
#include "sim/learning/training_options.hpp"
#include "sim/learning/versioned_weights.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ringsim {

class LateUpdates {
 public:
  /// `is_dense`: an update is the one that it would be compared with. The references have to
  /// outlive it.
  LateUpdates(const TrainingOptions& options, const BucketedScheme& scheme, bool is_dense);

  /// Works out the update of the mean of what the ranks at these positions compare with
  /// (LateRank::compared).
  void compare(std::size_t bucket, const std::vector<LateRank>& ranks,
               const std::vector<Rank>& positions);
  /// Adds the version of the weights that the exchanged mean of a bucket makes.
  void add_version(std::uint64_t step, std::size_t bucket, std::span<const float> mean,
                   VersionedWeights& weights);

  /// The latest updates of all buckets.
  std::span<const float> all() const { return all_; }
  /// Those that they are compared with; empty where they are the same.
  std::span<const float> all_dense() const { return all_dense_; }

 private:
  struct BucketUpdate {
    std::unique_ptr<Optimizer> optimizer, dense_optimizer;
    std::vector<float> update, dense_mean, dense_update;
    std::vector<std::vector<float>> copies = {};  ///< of gradients that are compared with
  };

  const TrainingOptions& options_;
  const BucketedScheme& scheme_;
  bool is_dense_;
  std::vector<float> all_, all_dense_;
  std::vector<BucketUpdate> buckets_;
};

}  // namespace ringsim
