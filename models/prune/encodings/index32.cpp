// The set elements' indices, ascending, each in 4 bytes, little endian, however small the layer
// (of at most 2^32 elements): as frameworks send the places of sparse tensors. index.cpp takes
// fewer bytes where fewer will do.
#include "models/prune/encodings/indices.hpp"

namespace ringsim {

namespace {

using prune::MaskWord;

constexpr std::size_t width = 4;

std::size_t encoded_size(std::span<const MaskWord> mask, std::size_t) {
  return prune::count(mask) * width;
}

void encode(std::span<const MaskWord> mask, std::size_t, std::vector<std::uint8_t>& bytes) {
  append_indices(mask, width, bytes);
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  return read_indices(bytes, width, parameters, mask);
}

double expected_size(std::span<const MaskRegion> regions, std::size_t) {
  return expected_count(regions) * static_cast<double>(width);
}

}  // namespace

extern const MaskEncoding index32_encoding;
const MaskEncoding index32_encoding{
    "index32",    "an index of 4 bytes per kept element", 6, encoded_size, encode, decode,
    expected_size};

}  // namespace ringsim
