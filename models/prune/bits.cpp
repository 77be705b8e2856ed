#include "base/error.hpp"
#include "models/prune/cpu_kernels.hpp"
#include "models/prune/engine.hpp"

#include <bit>

namespace ringsim::prune {

namespace {

void unite_words(MaskWord* mask, const MaskWord* other, std::size_t words) {
  for (std::size_t i = 0; i < words; ++i) mask[i] |= other[i];
}

std::uint64_t count_words(const MaskWord* mask, std::size_t words) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < words; ++i)
    total += static_cast<std::uint64_t>(std::popcount(mask[i]));
  return total;
}

}  // namespace

void unite(std::span<MaskWord> mask, std::span<const MaskWord> other) {
  check(mask.size() == other.size(), "masks of one size are united");
  static const auto kernel = avx2_supported() ? avx2_kernels.unite : unite_words;
  kernel(mask.data(), other.data(), mask.size());
}

std::uint64_t count(std::span<const MaskWord> mask) {
  static const auto kernel = avx2_supported() ? avx2_kernels.count : count_words;
  return kernel(mask.data(), mask.size());
}

}  // namespace ringsim::prune
