#include "models/schemes/random_mask.hpp"

#include "models/schemes/top_k.hpp"

#include <algorithm>

namespace ringsim {

// Floyd's algorithm (Bentley, Programming pearls: a sample of brilliance, CACM 1987).
void draw_mask(Random& random, std::size_t count, std::size_t parameters,
               std::span<prune::MaskWord> mask) {
  std::fill(mask.begin(), mask.end(), 0);
  for (std::size_t i = parameters - count; i < parameters; ++i) {
    std::size_t drawn = random.below(i + 1);
    if ((mask[drawn / 64] >> (drawn % 64) & 1) != 0) drawn = i;
    mask[drawn / 64] |= prune::MaskWord{1} << (drawn % 64);
  }
}

void draw_masks(const LayerSplit& split, double density, Random& random,
                std::span<prune::MaskWord> mask) {
  for (const auto& segment : split.segments) {
    draw_mask(random, kept_count(density, segment.parameters), segment.parameters,
              mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters)));
  }
}

}  // namespace ringsim
