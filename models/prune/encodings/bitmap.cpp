// One bit per element, element i in bit i%8 of byte i/8; the bits behind the last element are 0.
#include "models/prune/encodings/encoding.hpp"

namespace ringsim {
namespace {

std::size_t encoded_size(std::span<const prune::MaskWord>, std::size_t parameters) {
  return (parameters + 7) / 8;
}

void encode(std::span<const prune::MaskWord> mask, std::size_t parameters,
            std::vector<std::uint8_t>& bytes) {
  for (std::size_t i = 0; i < (parameters + 7) / 8; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(mask[i / 8] >> (8 * (i % 8))));
  }
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters,
            std::span<prune::MaskWord> mask) {
  if (bytes.size() != (parameters + 7) / 8) return false;
  if (parameters % 8 != 0 && bytes.back() >> (parameters % 8) != 0) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    mask[i / 8] |= prune::MaskWord{bytes[i]} << (8 * (i % 8));
  return true;
}

}  // namespace

extern const MaskEncoding bitmap_encoding;
const MaskEncoding bitmap_encoding = {
    "bitmap", "one bit per element", 1, encoded_size, encode, decode,
};

}  // namespace ringsim
