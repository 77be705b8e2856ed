#pragma once
#include "models/prune/engine.hpp"

#include <bit>
#include <cstddef>
#include <span>

namespace ringsim::prune {

/// Calls visit(index) for every set bit, in ascending order.
template <class Visit>
void for_each_bit(std::span<const MaskWord> mask, Visit&& visit) {
  for (std::size_t word = 0; word < mask.size(); ++word) {
    for (MaskWord bits = mask[word]; bits != 0; bits &= bits - 1) {
      visit(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
}

}  // namespace ringsim::prune
