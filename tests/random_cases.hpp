#pragma once

#include <algorithm>
#include <cstdint>

namespace ringsim {

/// How many random cases (or parts of them) a test takes: `count`, or a fifth under
/// sanitizers, with which a fork takes 30 ms and more. The dev build takes them all.
constexpr std::uint64_t random_cases(std::uint64_t count) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return std::max<std::uint64_t>(count / 5, 1);
#else
  return count;
#endif
}

}  // namespace ringsim
