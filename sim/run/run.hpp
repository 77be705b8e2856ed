#pragma once
// One experiment from its options to its tables.
#include "sim/run/experiment.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/run/run_options.hpp"
#include "sim/run/tables.hpp"

#include <string>

namespace ringsim {

/// Trains and times. SimGrid allows one run per process. Throws UserError and RunError.
RunResult run(const RunOptions& options, const RunObserver& observer);

/// run(), without what it says before the first step and without the hashes of the experiment's
/// files.
RunResult run_experiment(const Experiment& experiment, const RunObserver& observer);

/// "iwp trains mlp on ring8-1g (8 ranks), backend auto"
std::string describe(const Experiment& experiment);

}  // namespace ringsim
