#pragma once
// The tree in which the statistics of engine.hpp are summed. Every engine on the CPU uses these
// pieces, so that the order of the additions stands in one place.
#include "models/prune/engine.hpp"

#include <array>
#include <cstddef>

namespace ringsim::prune {

/// Elements of a layer that are summed into one pair of doubles.
inline constexpr std::size_t statistics_chunk = 4096;
inline constexpr std::size_t statistics_lanes = 32;

constexpr std::size_t statistics_chunks(std::size_t parameters) {
  return (parameters + statistics_chunk - 1) / statistics_chunk;
}

using Lanes = std::array<double, statistics_lanes>;

/// Lane i += lane i+16, then +8, +4, +2, +1; the sum is lane 0.
inline double fold(Lanes& lanes) {
  for (std::size_t half = statistics_lanes / 2; half != 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}

/// Adds the statistics of the next chunk of the same layer.
inline void add_chunk(Statistics& sum, const Statistics& chunk) {
  sum.kept += chunk.kept;
  sum.importance_sum += chunk.importance_sum;
  sum.importance_square_sum += chunk.importance_square_sum;
}

}  // namespace ringsim::prune
