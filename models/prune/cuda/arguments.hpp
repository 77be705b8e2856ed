#pragma once
// What the kernels are called with. All pointers are device memory.
#include "models/prune/cuda/tiles.hpp"
#include "models/prune/engine.hpp"

#include <cstdint>

namespace ringsim::prune::cuda {

/// Which optional buffers select has.
enum class Input { test_only, gradient, gradient_and_velocity };

/// Columns of what tiles hand to the fold: bit patterns of the two sums of importance, and the
/// count. All three are `absent` while no tile has written them.
enum Column : unsigned { importance_sums, importance_square_sums, kept_counts, columns };
using Partial = unsigned long long;
/// No sum has these bits: a NaN that was widened from a float ends in 29 zeros, and so does the one
/// that the addition makes.
inline constexpr Partial absent = ~Partial{0};

struct SelectArguments {
  const float* gradient;
  float* residual;
  float* velocity;
  const float* weight;
  MaskWord* mask;
  const Tile* tiles;
  const Limits* limits;
  Partial* partials;  ///< columns x tile_count
  Statistics* statistics;
  unsigned tile_count;
  float momentum;
};

/// How many bits are set, for tiles of pack: `before` tile t within its group of count_group tiles,
/// and in all of group g.
struct Counts {
  std::uint32_t* before;
  unsigned long long* groups;
};

struct MoveArguments {
  const MaskWord* mask;
  const Tile* tiles;
  Counts counts;
  unsigned tile_count;
  float* flat;      ///< pack: the residual; unpack: the target
  float* velocity;  ///< pack only, or null
  float* packed;    ///< unpack reads it
  MaskWord* kept;   ///< where the number of moved elements goes, or null
};

enum class Move { pack, unpack };

}  // namespace ringsim::prune::cuda
