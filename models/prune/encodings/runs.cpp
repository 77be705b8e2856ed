// The lengths of the runs, zeros first, then ones, zeros, ..., each as LEB128; a last run of zeros
// is left out.
#include "models/prune/bits.hpp"
#include "models/prune/encodings/bytes.hpp"
#include "models/prune/encodings/encoding.hpp"

#include <bit>

namespace ringsim {
namespace {

/// First position at or after `from` whose bit is `bit`, or `parameters`.
std::size_t find_bit(std::span<const prune::MaskWord> mask, std::size_t parameters,
                     std::size_t from, bool bit) {
  const prune::MaskWord flip = bit ? 0 : ~prune::MaskWord{0};
  for (std::size_t word = from / 64; word < mask.size(); ++word) {
    prune::MaskWord bits = mask[word] ^ flip;
    if (word == from / 64) bits &= ~prune::MaskWord{0} << (from % 64);
    if (bits == 0) continue;
    const std::size_t position = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    return position < parameters ? position : parameters;
  }
  return parameters;
}

template <class Visit>
void for_each_run(std::span<const prune::MaskWord> mask, std::size_t parameters, Visit&& visit) {
  std::size_t position = 0;
  while (position < parameters) {
    const std::size_t ones = find_bit(mask, parameters, position, true);
    if (ones == parameters) return;
    const std::size_t end = find_bit(mask, parameters, ones, false);
    visit(ones - position);
    visit(end - ones);
    position = end;
  }
}

std::size_t encoded_size(std::span<const prune::MaskWord> mask, std::size_t parameters) {
  std::size_t size = 0;
  for_each_run(mask, parameters, [&](std::size_t length) { size += leb128_size(length); });
  return size;
}

void encode(std::span<const prune::MaskWord> mask, std::size_t parameters,
            std::vector<std::uint8_t>& bytes) {
  for_each_run(mask, parameters, [&](std::size_t length) { append_leb128(length, bytes); });
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters,
            std::span<prune::MaskWord> mask) {
  Leb128Reader reader(bytes);
  std::size_t position = 0;
  while (!reader.at_end()) {
    const auto zeros = reader.next();
    const auto ones = reader.next();
    if (!zeros || !ones || *ones == 0) return false;
    if (position > 0 && *zeros == 0) return false;
    if (*zeros > parameters - position || *ones > parameters - position - *zeros) return false;
    position += *zeros;
    for (const std::size_t end = position + *ones; position < end; ++position) {
      mask[position / 64] |= prune::MaskWord{1} << (position % 64);
    }
  }
  return true;
}

}  // namespace

extern const MaskEncoding runs_encoding;
const MaskEncoding runs_encoding = {
    "runs", "lengths of runs of zeros and ones, LEB128", 4, encoded_size, encode, decode,
};

}  // namespace ringsim
