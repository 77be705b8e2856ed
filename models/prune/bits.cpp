#include "base/error.hpp"
#include "models/prune/engine.hpp"

#include <bit>

namespace ringsim::prune {

void unite(std::span<MaskWord> mask, std::span<const MaskWord> other) {
  check(mask.size() == other.size(), "masks of one size are united");
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] |= other[i];
}

std::uint64_t count(std::span<const MaskWord> mask) {
  std::uint64_t total = 0;
  for (const MaskWord word : mask) total += static_cast<std::uint64_t>(std::popcount(word));
  return total;
}

}  // namespace ringsim::prune
