// One bit per element: bit i%8 of byte i/8 stands for element i; ceil(n/8) bytes, unused bits 0.
#include "models/prune/encodings/encoding.hpp"

#include <bit>
#include <cstring>

namespace ringsim {

namespace {

using prune::MaskWord;

std::size_t encoded_size(std::span<const MaskWord>, std::size_t parameters) {
  return (parameters + 7) / 8;
}

void encode(std::span<const MaskWord> mask, std::size_t parameters,
            std::vector<std::uint8_t>& bytes) {
  const std::size_t start = bytes.size();
  bytes.resize(start + encoded_size(mask, parameters));
  if constexpr (std::endian::native == std::endian::little) {
    if (bytes.size() != start) std::memcpy(&bytes[start], mask.data(), bytes.size() - start);
  } else {
    for (std::size_t i = 0; i < bytes.size() - start; ++i)
      bytes[start + i] = static_cast<std::uint8_t>(mask[i / 8] >> (i % 8 * 8));
  }
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  if (bytes.size() != encoded_size(mask, parameters)) return false;
  if (parameters % 8 != 0 && bytes.back() >> (parameters % 8) != 0) return false;
  if constexpr (std::endian::native == std::endian::little) {
    if (!bytes.empty()) std::memcpy(mask.data(), bytes.data(), bytes.size());
  } else {
    for (std::size_t i = 0; i < bytes.size(); ++i) mask[i / 8] |= MaskWord{bytes[i]} << (i % 8 * 8);
  }
  return true;
}

double expected_size(std::span<const MaskRegion>, std::size_t parameters) {
  const std::size_t bytes = (parameters + 7) / 8;
  return static_cast<double>(bytes);
}

}  // namespace

extern const MaskEncoding bitmap_encoding;
const MaskEncoding bitmap_encoding{"bitmap", "one bit per element", 1, encoded_size, encode,
                                   decode,   expected_size};

}  // namespace ringsim
