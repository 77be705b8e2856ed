#pragma once
// The rows of steps of which each waits for its exchange.
#include "sim/run/recording.hpp"
#include "sim/timing/step_plan.hpp"
#include "traces/records.hpp"

#include <vector>

namespace ringsim {

/// Without times; one for each plan.
std::vector<StepRow> step_rows(const Recording& recording, const std::vector<StepPlan>& plans);

}  // namespace ringsim
