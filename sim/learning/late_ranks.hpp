#pragma once
// What ranks have begun, have ready and hold, in simulated time, where updates arrive late.
#include "base/rank.hpp"
#include "base/units.hpp"
#include "sim/learning/training_parts.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

/// A gradient that a rank computes, or has computed and not handed over whole.
struct PendingGradient {
  std::uint64_t step;
  Seconds begin;
  std::vector<std::uint32_t> samples;
  std::vector<std::optional<Seconds>> ready;  ///< per bucket
  std::optional<std::uint64_t> version = {};  ///< that it was computed with, once it really was
  std::size_t next = 0;                       ///< the first bucket that is not handed over
  bool has_fresh = false;                     ///< LateRank::fresh is of it

  bool is_ready() const { return ready.back().has_value(); }  // buckets become ready in order
};

struct LateRank {
  RankWorker worker;
  std::deque<PendingGradient> pending = {};  ///< in order of steps; only the last may not be ready
  std::vector<Seconds> applied = {};         ///< when, update by update (VersionedWeights)
  std::vector<float> weights = {};           ///< scratch
  std::vector<float> fresh = {};  ///< its gradient with the weights before its step's exchanges
  std::span<const float> compared = {};  ///< the one of both that the dense update takes

  /// How many updates the rank held when it began.
  std::uint64_t version_at_begin(const PendingGradient& gradient) const;

  /// Forgets the updates from `version` on, the first of a step, and the gradients that count no
  /// more without them: those of weights that hold them, those that are not ready, and what follows
  /// a gap. Returns how many are left of `step`, whose updates begin with `version`, and later
  /// ones.
  std::uint64_t undo(std::uint64_t step, std::uint64_t version);
};

/// The positions of `wanted` ranks whose gradients of a step's bucket an exchange takes, ascending:
/// those that were ready first; of those that became so together, others come first in each step.
std::vector<Rank> choose_contributors(const std::vector<LateRank>& ranks, std::uint64_t step,
                                      std::size_t bucket, std::size_t wanted);

}  // namespace ringsim
