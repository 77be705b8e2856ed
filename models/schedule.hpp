#pragma once
#include "base/error.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <string_view>

namespace ringsim {

/// The names that learning_rate_at() takes.
inline const std::array<std::string, 3>& schedule_names() {
  static const std::array<std::string, 3> names = {"constant", "cosine", "step"};
  return names;
}

/// The learning rate in `step` of `steps`: "constant"; "cosine" from `initial` to 0 (Loshchilov &
/// Hutter, 1608.03983, without restarts); "step": a tenth after half of the run and a hundredth
/// after three quarters (He et al., 1512.03385, section 4.2).
inline double learning_rate_at(std::string_view schedule, double initial, std::uint64_t step,
                               std::uint64_t steps) {
  if (schedule == "constant") return initial;
  const double progress = static_cast<double>(step) / static_cast<double>(steps);
  if (schedule == "step") {
    if (progress < 0.5) return initial;
    return initial * (progress < 0.75 ? 0.1 : 0.01);
  }
  check(schedule == "cosine", "unknown learning rate schedule");
  return initial * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace ringsim
