#pragma once
// Scales in messages: fp32, little endian.
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

inline void append_scale(float scale, std::vector<std::uint8_t>& bytes) {
  const auto bits = std::bit_cast<std::uint32_t>(scale);
  for (unsigned shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
}

inline float read_scale(std::span<const std::uint8_t> bytes) {
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) bits |= std::uint32_t{bytes[i]} << (8 * i);
  return std::bit_cast<float>(bits);
}

}  // namespace ringsim
