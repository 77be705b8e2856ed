#pragma once
// Masks of a given number of randomly drawn coordinates.
#include "base/random.hpp"
#include "models/schemes/layer_split.hpp"

#include <span>

namespace ringsim {

/// Sets `count` of the first `parameters` bits in a mask that is overwritten; every set of them is
/// as likely as any other.
void draw_mask(Random& random, std::size_t count, std::size_t parameters,
               std::span<prune::MaskWord> mask);

/// Sets each of the first `parameters` bits with the probability `share`, all independent; leaves
/// the others as they are. Draws the gaps between them, so that it costs what it sets. Returns how
/// many bits were drawn (some may have been set before).
std::size_t draw_bits(Random& random, double share, std::size_t parameters,
                      std::span<prune::MaskWord> mask);

/// For every pruned layer, the kept_count() of `density` (top_k.hpp).
void draw_masks(const LayerSplit& split, double density, Random& random,
                std::span<prune::MaskWord> mask);

}  // namespace ringsim
