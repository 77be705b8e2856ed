#pragma once
// Options that are wrong for no other reason than that they change nothing, which shows once the
// topology, the model and the trace are known.
#include "sim/run/experiment.hpp"

namespace ringsim {

/// Throws UserError at an option that was given and has no effect in this experiment, whatever its
/// value.
void check_effects(const Experiment& experiment);

}  // namespace ringsim
