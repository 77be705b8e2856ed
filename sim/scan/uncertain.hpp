#pragma once
// Which times a winner may not rest on without saying so.
#include <optional>
#include <string>

namespace ringsim {

/// Whether a time with this basis (TimeBasis) was neither measured nor fitted where it is used;
/// false where there is no such time.
inline bool is_uncertain(const std::optional<std::string>& basis) {
  return basis == "modelled" || basis == "extrapolated";
}

}  // namespace ringsim
