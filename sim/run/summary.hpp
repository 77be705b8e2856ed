#pragma once
// The summary of a run.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/step_rows.hpp"
#include "sim/timing/step_times.hpp"
#include "traces/records.hpp"

#include <string_view>

namespace ringsim {

/// A recording that was timed.
struct TimedRun {
  const Recording& recording;
  const Timing& timing;
  std::string_view backend;  ///< that ran
};

/// The summary of a run with these rows.
Summary summarize(const Experiment& experiment, const RowSums& rows, const TimedRun& run);

}  // namespace ringsim
