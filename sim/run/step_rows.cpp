#include "sim/run/step_rows.hpp"

namespace ringsim {

void fill_bytes(const Payload& sent, StepRow& row) {
  row.values_bytes = sent.values.count;
  row.masks_bytes = sent.masks.count;
  row.headers_bytes = sent.headers.count;
  row.total_bytes = sent.total().count;
}

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
