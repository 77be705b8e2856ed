#include "models/schemes/random_mask.hpp"

#include "models/schemes/top_k.hpp"

#include <algorithm>
#include <cmath>

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

std::size_t draw_bits(Random& random, double share, std::size_t parameters,
                      std::span<prune::MaskWord> mask) {
  const double log_of_gap = std::log1p(-share);  // minus infinity where every bit is set
  std::size_t next = 0, drawn = 0;
  while (next < parameters) {
    const double gap = std::floor(std::log1p(-random.uniform()) / log_of_gap);
    if (!(gap < static_cast<double>(parameters - next))) break;
    next += static_cast<std::size_t>(gap);
    mask[next / 64] |= prune::MaskWord{1} << (next % 64);
    ++next;
    ++drawn;
  }
  return drawn;
}

void draw_masks(const LayerSplit& split, double density, Random& random,
                std::span<prune::MaskWord> mask) {
  for (const auto& segment : split.segments) {
    draw_mask(random, kept_count(density, segment.parameters), segment.parameters,
              mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters)));
  }
}

}  // namespace ringsim
