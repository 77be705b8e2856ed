#pragma once
// The rows and the summary of a run.
#include "models/schemes/scheme.hpp"
#include "sim/backend/backend.hpp"
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/run_observer.hpp"
#include "sim/run/step_rows.hpp"
#include "sim/timing/step_times.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ringsim {

struct RunResult {
  Summary summary;  ///< wall_seconds and provenance.command are the caller's
  std::vector<LinkRow> links;
  std::vector<StalenessRow> staleness;
  std::vector<FaultRow> faults;
};

TransferRow transfer_row(const TransferEvent& event);
RankWork rank_work(const DelayEvent& event);

/// A run that has ended, in parts.
struct FinishedRun {
  const Recording& recording;
  const Timing& timing;
  std::string backend;  ///< that ran
  const RowSums& rows;
  std::vector<FaultRow> faults;
};

/// All tables of a run, but for the rows of steps, layers and transfers: the observer is told those
/// of layers here. Of the inputs' hashes they have those of the recording.
RunResult make_tables(const Experiment& experiment, FinishedRun run, const RunObserver& observer);

}  // namespace ringsim
