// The gaps between set elements as LEB128: for each set element, how many unset ones precede it
// since the last set one.
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/encodings/leb128.hpp"
#include "models/prune/set_bits.hpp"

namespace ringsim {

namespace {

using prune::MaskWord;

std::size_t encoded_size(std::span<const MaskWord> mask, std::size_t /*parameters*/) {
  std::size_t size = 0, next = 0;
  prune::for_each_set_bit(mask, [&](std::size_t index) {
    size += leb128_size(index - next);
    next = index + 1;
  });
  return size;
}

void encode(std::span<const MaskWord> mask, std::size_t /*parameters*/,
            std::vector<std::uint8_t>& bytes) {
  std::size_t next = 0;
  prune::for_each_set_bit(mask, [&](std::size_t index) {
    append_leb128(bytes, index - next);
    next = index + 1;
  });
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  std::size_t next = 0;
  while (!bytes.empty()) {
    const auto gap = take_leb128(bytes);
    if (!gap || *gap >= parameters - next) return false;
    const std::size_t index = next + *gap;
    mask[index / 64] |= MaskWord{1} << (index % 64);
    next = index + 1;
  }
  return true;
}

double expected_size(std::span<const MaskRegion> regions, std::size_t /*parameters*/) {
  double size = 0;
  for (const auto& region : regions)
    size += region.elements * region.density * expected_leb128_size(1 - region.density, 0);
  return size;
}

}  // namespace

extern const MaskEncoding delta_encoding;
const MaskEncoding delta_encoding{
    "delta",      "the gaps between kept elements as LEB128", 3, encoded_size, encode, decode,
    expected_size};

}  // namespace ringsim
