#pragma once
// The weights that ranks may hold where updates arrive late. All ranks apply the same updates in
// the same order, bucket after bucket of one step after the other, so what a rank holds is a
// number: how many it has applied. Each bucket's values are kept once per update of the bucket.
#include "models/schemes/bucket_part.hpp"

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace ringsim {

class VersionedWeights {
 public:
  /// `parts`: the buckets, in the order in which they are updated; they have to outlive it.
  /// `initial`: version 0, all layers.
  VersionedWeights(std::vector<const BucketPart*> parts, std::span<const float> initial);

  /// The updates so far: the number of the newest version.
  std::uint64_t newest() const { return newest_; }
  /// How many of the updates that make up `version` are the bucket's.
  std::uint64_t updates_of(std::size_t bucket, std::uint64_t version) const {
    return (version + parts_.size() - 1 - bucket) / parts_.size();
  }

  /// The bucket's values in a version that is kept; valid until they are forgotten.
  std::span<const float> of_bucket(std::size_t bucket, std::uint64_t version) const;
  /// All layers' values in a version that is kept; may be in `scratch`.
  std::span<const float> all(std::uint64_t version, std::vector<float>& scratch) const;

  /// The next version: new values for the bucket whose turn it is.
  void add(std::vector<float> values);
  /// Versions before this one are asked for no more.
  void forget_before(std::uint64_t version);

 private:
  std::vector<const BucketPart*> parts_;
  std::size_t parameters_ = 0;
  std::uint64_t newest_ = 0;
  struct Versions {
    std::uint64_t first = 0;  ///< updates of the bucket that the first of them holds
    std::deque<std::vector<float>> values;
  };
  std::vector<Versions> buckets_;
};

}  // namespace ringsim
