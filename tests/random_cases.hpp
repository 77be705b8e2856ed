#pragma once

#include <algorithm>
#include <cstdint>

namespace ringsim {

/// How many random cases (or parts of them) a test takes: `count`, or a fifth under
/// AddressSanitizer, where a fork takes 30 ms. The dev build takes them all.
constexpr std::uint64_t random_cases(std::uint64_t count) {
#ifdef __SANITIZE_ADDRESS__
  return std::max<std::uint64_t>(count / 5, 1);
#else
  return count;
#endif
}

}  // namespace ringsim
