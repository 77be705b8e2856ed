#pragma once
// The summary of a run.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/timing/step_times.hpp"
#include "traces/records.hpp"

#include <string_view>
#include <vector>

namespace ringsim {

/// Gives the rows of steps their times.
void fill_times(const std::vector<StepTime>& times, std::vector<StepRow>& rows);

/// A recording that was timed.
struct TimedRun {
  const Recording& recording;
  const Timing& timing;
  std::string_view backend;  ///< that ran
};

/// The summary of a run with these rows, which have their times.
Summary summarize(const Experiment& experiment, const std::vector<StepRow>& rows,
                  const TimedRun& run);

}  // namespace ringsim
