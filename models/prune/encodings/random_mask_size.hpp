#pragma once
// Expected sizes of encoded masks whose elements are kept at random: without drawing them.
#include <cmath>
#include <cstddef>

namespace ringsim {

/// Consecutive elements of which each is kept with the same probability, independently.
struct MaskRegion {
  double elements;
  double density;  ///< above 0, at most 1
};

/// Expected bytes of a geometric length as LEB128: P(length >= l) = q^(l - first).
inline double expected_leb128_size(double q, double first) {
  double bytes = 1;
  for (double limit = 128; limit < 0x1p63; limit *= 128) {
    const double more = q > 0 ? std::pow(q, limit - first) : 0;
    bytes += more;
    if (more < 1e-9) break;
  }
  return bytes;
}

}  // namespace ringsim
