#pragma once
// Masks and segments for tests.
#include "base/random.hpp"
#include "models/prune/engine.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ringsim::test {

using Mask = std::vector<prune::MaskWord>;

inline void set(Mask& mask, std::size_t index) {
  mask[index / 64] |= prune::MaskWord{1} << (index % 64);
}

/// Every element is set with probability `density`.
inline Mask random_mask(std::size_t parameters, double density, std::uint64_t seed = 1) {
  Mask mask(prune::mask_words(parameters));
  Random random(seed, Purpose::initial_weights);
  for (std::size_t i = 0; i < parameters; ++i)
    if (random.uniform() < density) set(mask, i);
  return mask;
}

/// Runs of set elements, 32 long on average, with gaps that make the density about `density`.
inline Mask clustered_mask(std::size_t parameters, double density, std::uint64_t seed = 1) {
  Mask mask(prune::mask_words(parameters));
  Random random(seed, Purpose::initial_weights);
  bool inside = false;
  for (std::size_t i = 0; i < parameters; ++i) {
    const double leave = inside ? 1.0 / 32 : density / (1 - density) / 32;
    if (random.uniform() < leave) inside = !inside;
    if (inside) set(mask, i);
  }
  return mask;
}

/// Elements first, first+stride, ... are set.
inline Mask strided_mask(std::size_t parameters, std::size_t first, std::size_t stride) {
  Mask mask(prune::mask_words(parameters));
  for (std::size_t i = first; i < parameters; i += stride) set(mask, i);
  return mask;
}

/// Masks that are hard on an encoding, each with a name: empty, full, single elements at the
/// borders, alternating ones, ones at distances near powers of 128, clusters, random ones.
inline std::vector<std::pair<std::string, Mask>> hard_masks(std::size_t parameters) {
  std::vector<std::pair<std::string, Mask>> masks;
  masks.emplace_back("empty", Mask(prune::mask_words(parameters)));
  masks.emplace_back("full", strided_mask(parameters, 0, 1));
  if (parameters == 0) return masks;
  masks.emplace_back("first", strided_mask(parameters, 0, parameters));
  masks.emplace_back("last", strided_mask(parameters, parameters - 1, parameters));
  masks.emplace_back("even", strided_mask(parameters, 0, 2));
  masks.emplace_back("odd", strided_mask(parameters, 1, 2));
  for (const std::size_t stride : {63, 64, 65, 127, 128, 129, 130, 16384, 16385, 16386})
    masks.emplace_back("every " + std::to_string(stride),
                       strided_mask(parameters, stride - 1, stride));
  Mask halves = strided_mask(parameters / 2, 0, 1);
  halves.resize(prune::mask_words(parameters));
  masks.emplace_back("first half", halves);
  Mask crowded = halves;  // a dense block and one far away: the mean gap says nothing
  set(crowded, parameters - 1);
  masks.emplace_back("first half and last", crowded);
  for (const double density : {0.9, 0.5, 1.0 / 16, 1.0 / 128, 1.0 / 1000}) {
    masks.emplace_back("random " + std::to_string(density), random_mask(parameters, density));
    masks.emplace_back("clustered " + std::to_string(density), clustered_mask(parameters, density));
  }
  return masks;
}

}  // namespace ringsim::test
