#pragma once
// The rows of sim/run/run_options.hpp, a file per group, registered by its name.
#include "sim/run/run_options.hpp"

#include <span>

namespace ringsim {

/// A file's rows. Beside them: `extern const OptionGroup NAME_option_group;`.
struct OptionGroup {
  std::span<const RunOption> rows;
};
/// All groups, in the order of the help (generated from sim/run/CMakeLists.txt).
std::span<const OptionGroup* const> option_groups();

/// Whether gradients are trained, not drawn or replayed.
inline bool trains(const RunOptions& options) {
  return !options.bytes && options.source == Source::train;
}
/// Whether a step's computing takes as long as the model's operations; beside `bytes` and traces a
/// time is given.
inline bool models_compute_time(const RunOptions& options) {
  return !options.compute_time && options.ready_times_file.empty();
}
/// Whether all ranks overlap their exchange in every step and wait for it.
inline bool overlaps_in_lockstep(const RunOptions& options) {
  return overlaps(options) && !feeds_back(options);
}
/// Whether what DistributedDataParallel adds is in a step, where the GPU says what that is.
inline bool may_add_ddp(const RunOptions& options) {
  return overlaps_in_lockstep(options) && options.adds_ddp;
}
inline constexpr Condition is_trained = {
    "training", trains, "has no effect with a run that does not train", "leave it out"};

}  // namespace ringsim
