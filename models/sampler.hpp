#pragma once
#include "base/rank.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

/// Which samples a rank sees in a step. Without parts: every epoch is a new permutation of the
/// training set, drawn for (seed, epoch); step s of it takes the s-th slice of ranks*batch samples,
/// rank r the r-th part of that. With parts (partition_by_label): every rank permutes its own part,
/// drawn for (seed, rank, epoch), and step s takes the s-th slice of `batch` samples of it. What is
/// left over at the end of an epoch is not seen in it.
class BatchSampler {
 public:
  BatchSampler(std::size_t samples, Rank ranks, std::size_t batch, std::uint64_t seed);

  /// Equally large parts, one per rank.
  BatchSampler(std::vector<std::vector<std::uint32_t>> parts, std::size_t batch,
               std::uint64_t seed);

  std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  /// Draws the permutations of the epoch that `step` lies in. Before the step's batch() calls.
  void begin_step(std::uint64_t step);
  /// `batch` sample numbers; ranks may ask at the same time.
  std::span<const std::uint32_t> batch(std::uint64_t step, Rank rank) const;

 private:
  void permute(std::vector<std::uint32_t>& order, Rank rank) const;

  Rank ranks_;
  std::size_t batch_;
  std::uint64_t seed_, steps_per_epoch_;
  std::vector<std::uint32_t> order_;               ///< of all samples, without parts
  std::vector<std::vector<std::uint32_t>> parts_;  ///< before they are permuted
  std::vector<std::vector<std::uint32_t>> part_orders_;
  std::uint64_t epoch_ = ~std::uint64_t{0};
};

}  // namespace ringsim
