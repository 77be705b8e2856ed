// The set elements' indices, ascending, each in the same number of bytes, little endian: the fewest
// whole bytes that hold n-1 (3 for a layer of 16,777,216 elements, 4 above). So a layer of more
// than 2^24 elements costs the 4 bytes an index that are usual in the literature, a smaller one
// less.
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/set_bits.hpp"

#include <bit>

namespace ringsim {

namespace {

using prune::MaskWord;

std::size_t index_width(std::size_t parameters) {
  const std::size_t largest = parameters > 1 ? parameters - 1 : 1;
  return (static_cast<std::size_t>(std::bit_width(largest)) + 7) / 8;
}

std::size_t encoded_size(std::span<const MaskWord> mask, std::size_t parameters) {
  return prune::count(mask) * index_width(parameters);
}

void encode(std::span<const MaskWord> mask, std::size_t parameters,
            std::vector<std::uint8_t>& bytes) {
  const std::size_t width = index_width(parameters);
  std::size_t at = bytes.size();
  bytes.resize(at + encoded_size(mask, parameters));
  prune::for_each_set_bit(mask, [&](std::size_t index) {
    for (std::size_t byte = 0; byte < width; ++byte)
      bytes[at++] = static_cast<std::uint8_t>(index >> (8 * byte));
  });
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  const std::size_t width = index_width(parameters);
  if (bytes.size() % width != 0) return false;
  std::size_t next = 0;  // the smallest index that may follow
  for (std::size_t at = 0; at < bytes.size(); at += width) {
    std::size_t index = 0;
    for (std::size_t byte = 0; byte < width; ++byte)
      index |= std::size_t{bytes[at + byte]} << (8 * byte);
    if (index < next || index >= parameters) return false;
    mask[index / 64] |= MaskWord{1} << (index % 64);
    next = index + 1;
  }
  return true;
}

double expected_size(std::span<const MaskRegion> regions, std::size_t parameters) {
  double kept = 0;
  for (const auto& region : regions) kept += region.elements * region.density;
  return kept * static_cast<double>(index_width(parameters));
}

}  // namespace

extern const MaskEncoding index_encoding;
const MaskEncoding index_encoding{
    "index",      "an index of fixed width per kept element", 2, encoded_size, encode, decode,
    expected_size};

}  // namespace ringsim
