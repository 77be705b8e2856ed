#pragma once
// Runs in which the simulated time feeds back into training (`staleness`, `quorum`).
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/timing/step_times.hpp"
#include "traces/records.hpp"

#include <string>
#include <vector>

namespace ringsim {

struct LateRun {
  Recording recording;        ///< without its steps
  std::vector<StepRow> rows;  ///< without times
  std::vector<FaultRow> faults;
  Timing timing;
  std::string backend;  ///< that ran
};

/// Trains while it simulates. With backend "auto", begins anew on another backend where the one
/// that ran turns out not to be exact.
LateRun run_late(const Experiment& experiment, const RunObserver& observer);

}  // namespace ringsim
