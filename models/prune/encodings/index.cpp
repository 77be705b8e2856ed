// The set elements' indices, ascending, each in the same number of bytes, little endian: the fewest
// whole bytes that hold n-1 (3 for a layer of 16,777,216 elements, 4 above). So a layer of more
// than 2^24 elements costs the 4 bytes an index that are usual in the literature (index32.cpp), a
// smaller one less.
#include "models/prune/encodings/indices.hpp"

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
  append_indices(mask, index_width(parameters), bytes);
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  return read_indices(bytes, index_width(parameters), parameters, mask);
}

double expected_size(std::span<const MaskRegion> regions, std::size_t parameters) {
  return expected_count(regions) * static_cast<double>(index_width(parameters));
}

}  // namespace

extern const MaskEncoding index_encoding;
const MaskEncoding index_encoding{
    "index",      "an index of fixed width per kept element", 2, encoded_size, encode, decode,
    expected_size};

}  // namespace ringsim
