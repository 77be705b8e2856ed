// Golomb-Rice code of the gaps between set elements (S. W. Golomb, "Run-length encodings", 1966).
// An empty mask takes no bytes. Otherwise: the parameter m as LEB128, then for each set element the
// gap g, that is how many unset elements precede it since the last set one, as
//   g / m zeros and a one, then
//   x = g % m in truncated binary: with L = floor(log2 m) and s = 2^(L+1) - m, x in L bits where
//   x < s, else the L+1 bit number x + s without its lowest bit, followed by that bit.
// For a power of two (Rice's codes) the remainder is L plain bits. Bits fill bytes from the low end
// up, the last byte is filled up with zeros; a code holds a one, so that the end needs no count.
//
// m is the best one for gaps of k set elements strewn at random over n (Gallager and Van Voorhis,
// 1975): the smallest with (1-d)^m + (1-d)^(m+1) <= 1 where d = k/n. Restricting m to powers of two
// would cost up to 0.12 bits per set element, 2.9 % at d = 1/16; without that it is within 1 % of
// n*H(d).
#include "models/prune/encodings/bit_stream.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/prune/encodings/leb128.hpp"
#include "models/prune/set_bits.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringsim {

namespace {

using prune::MaskWord;

/// The code with parameter m.
struct Golomb {
  std::uint64_t m;
  unsigned low_bits;
  std::uint64_t short_codes;

  explicit Golomb(std::uint64_t parameter)
      : m(parameter),
        low_bits(static_cast<unsigned>(std::bit_width(parameter)) - 1),
        short_codes((std::uint64_t{2} << low_bits) - parameter) {}

  std::uint64_t code_bits(std::uint64_t gap) const {
    return gap / m + 1 + low_bits + (gap % m >= short_codes ? 1 : 0);
  }

  void write(BitWriter& bits, std::uint64_t gap) const {
    bits.write_unary(gap / m);
    const std::uint64_t remainder = gap % m;
    if (remainder < short_codes) {
      bits.write(remainder, low_bits);
    } else {
      const std::uint64_t moved = remainder + short_codes;
      bits.write((moved >> 1) | (moved & 1) << low_bits, low_bits + 1);
    }
  }

  /// False where the bits end.
  bool read_remainder(BitReader& bits, std::uint64_t& remainder) const {
    const std::uint64_t next = bits.peek();
    const std::uint64_t low = next & ((std::uint64_t{1} << low_bits) - 1);
    const std::uint64_t high = next >> low_bits & 1;
    const bool is_short = low < short_codes;
    remainder = is_short ? low : 2 * low + high - short_codes;
    return bits.skip(low_bits + (is_short ? 0 : 1));
  }
};

/// The best parameter for `kept` (above 0) of `parameters` elements.
Golomb best_code(std::uint64_t kept, std::size_t parameters) {
  if (kept >= parameters) return Golomb(1);
  const double density = static_cast<double>(kept) / static_cast<double>(parameters);
  const double m = std::ceil(-std::log(2 - density) / std::log1p(-density));
  // BitWriter takes 32 bits at once: a few elements in more than 2^31 do not get the best one.
  const double most = std::min(static_cast<double>(parameters), 0x1p31);
  return Golomb(static_cast<std::uint64_t>(std::clamp(m, 1.0, most)));
}

std::size_t encoded_size(std::span<const MaskWord> mask, std::size_t parameters) {
  const std::uint64_t kept = prune::count(mask);
  if (kept == 0) return 0;
  const Golomb code = best_code(kept, parameters);
  std::uint64_t bits = 0;
  std::size_t next = 0;
  prune::for_each_set_bit(mask, [&](std::size_t index) {
    bits += code.code_bits(index - next);
    next = index + 1;
  });
  return leb128_size(code.m) + (bits + 7) / 8;
}

void encode(std::span<const MaskWord> mask, std::size_t parameters,
            std::vector<std::uint8_t>& bytes) {
  const std::uint64_t kept = prune::count(mask);
  if (kept == 0) return;
  const Golomb code = best_code(kept, parameters);
  append_leb128(bytes, code.m);
  BitWriter bits(bytes);
  std::size_t next = 0;
  prune::for_each_set_bit(mask, [&](std::size_t index) {
    code.write(bits, index - next);
    next = index + 1;
  });
  bits.finish();
}

bool decode(std::span<const std::uint8_t> bytes, std::size_t parameters, std::span<MaskWord> mask) {
  if (bytes.empty()) return true;
  const auto m = take_leb128(bytes);
  if (!m || *m == 0 || *m > parameters || bytes.empty()) return false;
  const Golomb code(*m);
  BitReader bits(bytes);
  std::size_t next = 0;
  // What is left of the last byte holds no code: it is zero.
  while (bits.remaining() >= 8 || (bits.remaining() != 0 && bits.peek() != 0)) {
    std::uint64_t quotient = 0, remainder = 0;
    if (!bits.take_unary(quotient) || quotient > parameters / code.m) return false;
    if (!code.read_remainder(bits, remainder)) return false;
    const std::uint64_t gap = quotient * code.m + remainder;
    if (gap >= parameters - next) return false;
    const std::size_t index = next + gap;
    mask[index / 64] |= MaskWord{1} << (index % 64);
    next = index + 1;
  }
  return true;
}

double expected_size(std::span<const MaskRegion> regions, std::size_t parameters) {
  double kept = 0, bits = 0;
  for (const auto& region : regions) kept += region.elements * region.density;
  const auto count = static_cast<std::uint64_t>(std::llround(kept));
  if (count == 0) return 0;
  const Golomb code = best_code(count, parameters);
  const auto m = static_cast<double>(code.m), s = static_cast<double>(code.short_codes);
  for (const auto& region : regions) {
    // P(gap >= g) = q^g: the quotient's expectation, and how often the remainder is a long one.
    const double log_q = std::log1p(-region.density);
    const double whole = std::exp(m * log_q);
    const double quotient = whole / (1 - whole);
    const double is_long = (std::exp(s * log_q) - whole) / (1 - whole);
    bits += region.elements * region.density * (quotient + 1 + code.low_bits + is_long);
  }
  return static_cast<double>(leb128_size(code.m)) + std::ceil(bits / 8);
}

}  // namespace

extern const MaskEncoding rice_encoding;
const MaskEncoding rice_encoding{"rice",
                                 "Golomb-Rice code of the gaps between kept elements",
                                 5,
                                 encoded_size,
                                 encode,
                                 decode,
                                 expected_size};

}  // namespace ringsim
