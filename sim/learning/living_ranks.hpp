#pragma once
// The ranks that train and have not died: all ways to train keep them in ascending order, each with
// its worker, and drop those that die alike.
#include "base/error.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/learning/training_parts.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ringsim {

inline Rank rank_of(const RankWorker& worker) { return worker.rank; }
/// Of what holds a worker among other things.
template <typename LivingRank>
Rank rank_of(const LivingRank& living) {
  return living.worker.rank;
}

/// Where `rank`, which lives, stands among those that do.
template <typename LivingRank>
Rank position_of(Rank rank, const std::vector<LivingRank>& living) {
  const auto found = std::ranges::lower_bound(
      living, rank, {}, [](const LivingRank& other) { return rank_of(other); });
  check(found != living.end() && rank_of(*found) == rank, "a rank that has died");
  return static_cast<Rank>(found - living.begin());
}

/// The rank at `position` has died: those after it move up, in the scheme as well. Returns the sum
/// of the absolute values of what it had kept back, which is lost.
template <typename LivingRank>
double drop_rank(Rank position, std::vector<LivingRank>& living, Scheme& scheme, SentRecord& sent) {
  const double lost = scheme.drop(position);
  sent.drop(position);
  living.erase(living.begin() + static_cast<std::ptrdiff_t>(position));
  return lost;
}

}  // namespace ringsim
