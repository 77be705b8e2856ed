#pragma once
// Runs in which the simulated time feeds back into training (`staleness`, `quorum`).
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/run.hpp"
#include "sim/timing/step_timing.hpp"
#include "traces/records.hpp"

#include <string>
#include <vector>

namespace ringsim {

struct StaleRun {
  Recording recording;        ///< without its steps
  std::vector<StepRow> rows;  ///< without times
  std::vector<FaultRow> faults;
  Timing timing;
  std::string backend;  ///< that ran
};

/// Trains while it simulates. With backend "auto": tries recurrence and, where transfers turn out
/// to slow each other, begins anew with simgrid.
StaleRun run_stale(const Experiment& experiment, const RunObserver& observer);

}  // namespace ringsim
