// The gaps between set bits (the number of zeros before each), each as LEB128.
#include "models/prune/bits.hpp"
#include "models/prune/encodings/bytes.hpp"
#include "models/prune/encodings/encoding.hpp"

namespace ringsim {
namespace {

template <class Visit>
void for_each_gap(std::span<const prune::MaskWord> mask, Visit&& visit) {
  std::size_t next = 0;
  prune::for_each_bit(mask, [&](std::size_t position) {
    visit(position - next);
    next = position + 1;
  });
}

std::size_t encoded_size(std::span<const prune::MaskWord> mask, std::size_t) {
  std::size_t size = 0;
  for_each_gap(mask, [&](std::size_t gap) { size += leb128_size(gap); });
  return size;
}

void encode(std::span<const prune::MaskWord> mask, std::size_t, std::vector<std::uint8_t>& bytes) {
  for_each_gap(mask, [&](std::size_t gap) { append_leb128(gap, bytes); });
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters,
            std::span<prune::MaskWord> mask) {
  Leb128Reader reader(bytes);
  std::size_t next = 0;
  while (!reader.at_end()) {
    const auto gap = reader.next();
    if (!gap || *gap >= parameters - next) return false;
    const std::size_t position = next + *gap;
    mask[position / 64] |= prune::MaskWord{1} << (position % 64);
    next = position + 1;
  }
  return true;
}

}  // namespace

extern const MaskEncoding delta_encoding;
const MaskEncoding delta_encoding = {
    "delta", "gaps between kept elements, LEB128", 3, encoded_size, encode, decode,
};

}  // namespace ringsim
