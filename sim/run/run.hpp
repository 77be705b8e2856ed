#pragma once
// One experiment from its options to its tables.
#include "models/dataset.hpp"
#include "sim/run/run_options.hpp"
#include "traces/records.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ringsim {

/// Where a run reports to while it goes on; an empty function is not called.
struct RunObserver {
  /// A line each before the first step: what runs, on what, on which backend; and what memory
  /// training takes.
  std::function<void(const std::string& line)> on_start;
  std::function<void(std::uint64_t step, std::uint64_t steps)> on_step;
  /// A line each time that hosts have died and the others go on.
  std::function<void(const std::string& line)> on_fault;
  /// In order, when all steps have been timed: after a death, steps are recorded anew.
  std::function<void(const LayerRow&)> on_layer;
  /// In order of time. Costs much time where there are many
  /// ranks.
  std::function<void(const TransferRow&)> on_transfer;
};

struct RunResult {
  Summary summary;  ///< wall_seconds and provenance.command are the caller's
  std::vector<StepRow> steps;
  std::vector<LinkRow> links;
  std::vector<StalenessRow> staleness;
  std::vector<FaultRow> faults;
};

/// Trains and times. SimGrid allows one run per process. Throws UserError and RunError.
RunResult run(const RunOptions& options, const RunObserver& observer);

struct Experiment;
struct Recording;
/// run(), without what it says before the first step and without the hashes of the experiment's
/// files.
RunResult run_experiment(const Experiment& experiment, const RunObserver& observer);
/// The second half of run(): times what was recorded (sim/run/recording.hpp) of an experiment that
/// may differ from this one in what is_timing_option() names. Of the inputs' hashes the result has
/// those of the recording alone.
RunResult time_recording(const Experiment& experiment, const Recording& recording,
                         const RunObserver& observer);
/// "iwp trains mlp on ring8-1g (8 ranks), backend auto"
std::string describe(const Experiment& experiment);

}  // namespace ringsim
