#include "sim/run/step_rows.hpp"

#include "sim/run/tables.hpp"

namespace ringsim {

std::vector<StepRow> step_rows(const Recording& recording, const std::vector<StepPlan>& plans) {
  std::vector<StepRow> rows(plans.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto& row = rows[i];
    row.step = i;
    fill_bytes(plans[i].sent, row);
    row.delay_steps = 0;  // every step waits for its exchange
    row.delay_max_steps = 0;
    row.loss = recording.steps[i].loss;
    row.accuracy = recording.steps[i].accuracy;
  }
  return rows;
}

}  // namespace ringsim
