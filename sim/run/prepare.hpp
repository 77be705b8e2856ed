#pragma once
// Looks up and checks what the options of an experiment name.
#include "sim/run/experiment.hpp"

namespace ringsim {

/// Before anything slow begins. `like`: one whose options differ in timing alone
/// (is_timing_option()), with which a model, data and a trace are shared. Throws UserError.
Experiment prepare(const RunOptions& options, const Experiment* like = nullptr);

}  // namespace ringsim
