#pragma once
// Runs in which every step waits for its exchange: what was recorded is timed.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/run/tables.hpp"

namespace ringsim {

/// Times what was recorded (record_steps()) of an experiment that may differ from this one in what
/// is_timing_option() names. Of the inputs' hashes the result has those of the recording alone.
RunResult time_recording(const Experiment& experiment, const Recording& recording,
                         const RunObserver& observer);

}  // namespace ringsim
