#pragma once
// Runs in which every step waits for its exchange: what was recorded is timed.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/run/tables.hpp"

namespace ringsim {

/// Whether steps are drawn while they are timed (time_drawn_steps()), since there are many that
/// differ.
bool draws_while_timing(const Experiment& experiment);

/// Times steps that are drawn when they begin and forgotten when they have ended.
RunResult time_drawn_steps(const Experiment& experiment, const RunObserver& observer);

/// Times what was recorded (record_steps()) of an experiment that may differ from this one in what
/// is_timing_option() names. Of the inputs' hashes the result has those of the recording alone.
RunResult time_recording(const Experiment& experiment, const Recording& recording,
                         const RunObserver& observer);

}  // namespace ringsim
