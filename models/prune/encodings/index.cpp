// The positions of the set bits, ascending, each in 4 bytes, little endian.
#include "models/prune/bits.hpp"
#include "models/prune/encodings/encoding.hpp"

namespace ringsim {
namespace {

constexpr std::size_t width = 4;

std::size_t encoded_size(std::span<const prune::MaskWord> mask, std::size_t) {
  return width * prune::count(mask);
}

void encode(std::span<const prune::MaskWord> mask, std::size_t, std::vector<std::uint8_t>& bytes) {
  prune::for_each_bit(mask, [&](std::size_t position) {
    for (std::size_t byte = 0; byte < width; ++byte) {
      bytes.push_back(static_cast<std::uint8_t>(position >> (8 * byte)));
    }
  });
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters,
            std::span<prune::MaskWord> mask) {
  if (bytes.size() % width != 0) return false;
  std::size_t next = 0;  // smallest position that may follow
  for (std::size_t i = 0; i < bytes.size(); i += width) {
    std::size_t position = 0;
    for (std::size_t byte = 0; byte < width; ++byte)
      position |= std::size_t{bytes[i + byte]} << (8 * byte);
    if (position < next || position >= parameters) return false;
    mask[position / 64] |= prune::MaskWord{1} << (position % 64);
    next = position + 1;
  }
  return true;
}

}  // namespace

extern const MaskEncoding index_encoding;
const MaskEncoding index_encoding = {
    "index", "positions, 4 bytes each", 2, encoded_size, encode, decode,
};

}  // namespace ringsim
