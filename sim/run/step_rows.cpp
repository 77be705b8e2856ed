#include "sim/run/step_rows.hpp"

#include <algorithm>

namespace ringsim {
namespace {

void fill_times(const StepTime& time, StepRow& row) {
  row.start_s = time.start.value;
  row.compute_s = time.compute.value;
  row.compress_s = time.compress.value;
  row.exchange_s = time.exchange.value;
  row.exposed_exchange_s = time.exposed_exchange.value;
  row.total_s = time.total.value;
}

/// Row by row, so that sums do not depend on how many rows are the same.
void add_to(double& sum, double value, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) sum += value;
}
void add_to(double& sum, std::uint64_t value, std::uint64_t count) {
  add_to(sum, static_cast<double>(value), count);
}

}  // namespace

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

UntimedRows untimed(const StepRows& rows) {
  return [&rows](std::uint64_t step) {
    const auto& run = rows.run_of(step);
    return std::pair(rows[step], run.from + run.count - step);
  };
}

void TimedRows::add(const StepTimes& times) {
  for (const auto& run : times.runs()) add(run.first, run.count);
}

void TimedRows::add(const StepTime& time, std::uint64_t count) {
  for (std::uint64_t done = 0; done < count;) {
    auto [row, same] = rows_(sums_.steps);
    fill_times(LaterStep{}(time, done), row);
    const std::uint64_t now = std::min(same, count - done);
    add(row, now);
    done += now;
  }
}

void TimedRows::add(const StepRow& row, std::uint64_t count) {
  auto& sums = sums_;
  if (on_row_) {
    for (std::uint64_t later = 0; later < count; ++later) on_row_(LaterRow{}(row, later));
  }
  add_to(sums.compute_s, row.compute_s, count);
  add_to(sums.compress_s, row.compress_s, count);
  add_to(sums.exchange_s, row.exchange_s, count);
  add_to(sums.exposed_exchange_s, row.exposed_exchange_s, count);
  add_to(sums.total_s, row.total_s, count);
  add_to(sums.values_bytes, row.values_bytes, count);
  add_to(sums.masks_bytes, row.masks_bytes, count);
  add_to(sums.headers_bytes, row.headers_bytes, count);
  add_to(sums.total_bytes, row.total_bytes, count);
  const std::uint64_t after = std::max(sums.steps, std::min(warmup_steps_, sums.steps + count));
  add_to(sums.total_bytes_after_warmup, row.total_bytes, sums.steps + count - after);
  add_to(sums.delay_steps, row.delay_steps.value_or(0), count);
  sums.delay_max_steps = std::max(sums.delay_max_steps, row.delay_max_steps.value_or(0));
  if (row.left_out_ranks) {
    add_to(sums.left_out_ranks, std::uint64_t{row.left_out_ranks->size()}, count);
  } else {
    sums.leaves_out = false;
  }
  if (!sums.target_step && target_accuracy_ && row.accuracy && *row.accuracy >= *target_accuracy_) {
    sums.target_step = row.step + 1;
    sums.target_s = row.start_s + row.total_s;
  }
  sums.loss = row.loss;
  sums.accuracy = row.accuracy;
  sums.steps += count;
}

}  // namespace ringsim
