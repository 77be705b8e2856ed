#pragma once
#include "base/error.hpp"

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace ringsim {

/// The learning rate in `step` of `steps`: "constant", or "cosine" from `initial` to 0 (Loshchilov
/// & Hutter, 1608.03983, without restarts).
inline double learning_rate_at(std::string_view schedule, double initial, std::uint64_t step,
                               std::uint64_t steps) {
  if (schedule == "constant") return initial;
  check(schedule == "cosine", "unknown learning rate schedule");
  const double progress = static_cast<double>(step) / static_cast<double>(steps);
  return initial * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace ringsim
