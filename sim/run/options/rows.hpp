#pragma once
// The rows of sim/run/run_options.hpp, a file per group.
#include "sim/run/run_options.hpp"

#include <span>

namespace ringsim {

std::span<const RunOption> network_options();
std::span<const RunOption> work_options();
std::span<const RunOption> time_options();
std::span<const RunOption> scheme_choice_options();
std::span<const RunOption> staleness_options();

/// Whether gradients are trained, not drawn or replayed.
inline bool trains(const RunOptions& options) {
  return !options.bytes && options.source == Source::train;
}
inline constexpr Condition is_trained = {
    "training", trains, "has no effect with a run that does not train", "leave it out"};

}  // namespace ringsim
