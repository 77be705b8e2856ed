#include "sim/run/step_rows.hpp"

#include "sim/run/tables.hpp"

namespace ringsim {

StepRows step_rows(const Recording& recording, const StepPlans& plans) {
  StepRows rows;
  for (const auto& [step, from, count] : recording.steps.runs()) {
    StepRow row{};
    row.step = from;
    fill_bytes(plans[from].sent, row);
    row.delay_steps = 0;  // every step waits for its exchange
    row.delay_max_steps = 0;
    row.loss = step.loss;
    row.accuracy = step.accuracy;
    rows.add(row, count);
  }
  return rows;
}

}  // namespace ringsim
