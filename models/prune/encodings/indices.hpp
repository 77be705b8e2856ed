#pragma once
// Indices in a fixed number of bytes each, little endian, ascending.
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/set_bits.hpp"

namespace ringsim {

inline void append_indices(std::span<const prune::MaskWord> mask, std::size_t width,
                           std::vector<std::uint8_t>& bytes) {
  std::size_t at = bytes.size();
  bytes.resize(at + prune::count(mask) * width);
  prune::for_each_set_bit(mask, [&](std::size_t index) {
    for (std::size_t byte = 0; byte < width; ++byte)
      bytes[at++] = static_cast<std::uint8_t>(index >> (8 * byte));
  });
}

/// MaskEncoding::decode().
inline bool read_indices(std::span<const std::uint8_t> bytes, std::size_t width,
                         std::size_t parameters, std::span<prune::MaskWord> mask) {
  if (bytes.size() % width != 0) return false;
  std::size_t next = 0;  // the smallest index that may follow
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    std::size_t index = 0;
    for (std::size_t byte = 0; byte < width; ++byte)
      index |= std::size_t{bytes[at + byte]} << (8 * byte);
    if (index < next || index >= parameters) return false;
    mask[index / 64] |= prune::MaskWord{1} << (index % 64);
    next = index + 1;
  }
  return true;
}

/// How many elements are set, by MaskEncoding::expected_size()'s regions.
inline double expected_count(std::span<const MaskRegion> regions) {
  double kept = 0;
  for (const auto& region : regions) kept += region.elements * region.density;
  return kept;
}

}  // namespace ringsim
