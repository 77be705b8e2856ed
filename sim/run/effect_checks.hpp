#pragma once
// Options that are wrong for no other reason than that they change nothing, which shows once the
// topology, the model and the trace are known.
#include "sim/run/experiment.hpp"

#include <string_view>

namespace ringsim {

/// Throws UserError at an option that was given and has no effect in this experiment, whatever its
/// value.
void check_effects(const Experiment& experiment);

/// Throws UserError at the option: it "has no effect", then `why` (" with ...", ": ...").
[[noreturn]] void no_effect(std::string_view option, std::string_view why,
                            std::string_view fix = "leave it out");

}  // namespace ringsim
