#pragma once
// Walking over a mask: its set bits, and the borders of its runs.
#include "models/prune/engine.hpp"

#include <bit>
#include <cstddef>
#include <span>

namespace ringsim::prune {

/// Calls visit(i) for every set bit i, ascending.
template <class Visit>
void for_each_set_bit(std::span<const MaskWord> mask, Visit visit) {
  for (std::size_t index = 0; index < mask.size(); ++index)
    for (MaskWord word = mask[index]; word != 0; word &= word - 1)
      visit(index * 64 + static_cast<std::size_t>(std::countr_zero(word)));
}

/// Calls visit(i) for every i below `parameters` where bit i differs from bit i-1 (bit -1 is 0),
/// and for i = parameters where the last bit is set: the starts and ends of the runs of ones.
template <class Visit>
void for_each_run_border(std::span<const MaskWord> mask, std::size_t parameters, Visit visit) {
  MaskWord before = 0;
  for (std::size_t index = 0; index < mask.size(); ++index) {
    const MaskWord word = mask[index];
    MaskWord borders = word ^ ((word << 1) | before);
    for (; borders != 0; borders &= borders - 1)
      visit(index * 64 + static_cast<std::size_t>(std::countr_zero(borders)));
    before = word >> 63;
  }
  if (before != 0) visit(parameters);
}

/// Sets the bits first .. last-1.
inline void set_bits(std::span<MaskWord> mask, std::size_t first, std::size_t last) {
  while (first < last) {
    const std::size_t bit = first % 64;
    const std::size_t length = last - first < 64 - bit ? last - first : 64 - bit;
    const MaskWord ones = length == 64 ? ~MaskWord{0} : (MaskWord{1} << length) - 1;
    mask[first / 64] |= ones << bit;
    first += length;
  }
}

}  // namespace ringsim::prune
