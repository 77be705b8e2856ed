#pragma once
// The rows of steps of which each waits for its exchange.
#include "base/repeated.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/run/recording.hpp"
#include "sim/timing/step_plan.hpp"
#include "traces/records.hpp"

#include <cstdint>

namespace ringsim {

/// Steps that are the same follow each other without a gap.
struct LaterRow {
  StepRow operator()(StepRow row, std::uint64_t later) const {
    row.step += later;
    row.start_s += static_cast<double>(later) * row.total_s;
    return row;
  }
};
using StepRows = Repeated<StepRow, LaterRow>;

/// The byte columns of a step.
void fill_bytes(const Payload& sent, StepRow& row);

/// Without times; one for each plan.
StepRows step_rows(const Recording& recording, const StepPlans& plans);

}  // namespace ringsim
