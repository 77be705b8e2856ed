#pragma once
// The rows of steps.csv: each is told once its times are known, and added up, but not kept.
#include "base/repeated.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/run/recording.hpp"
#include "sim/timing/step_plan.hpp"
#include "sim/timing/step_times.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

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

/// Without times; one for each plan, of steps of which each waits for its exchange.
StepRows step_rows(const Recording& recording, const StepPlans& plans);

/// What a summary needs of all rows.
struct RowSums {
  std::uint64_t steps = 0;
  double compute_s = 0, compress_s = 0, exchange_s = 0, exposed_exchange_s = 0, total_s = 0;
  double values_bytes = 0, masks_bytes = 0, headers_bytes = 0, total_bytes = 0;
  double total_bytes_after_warmup = 0;
  double delay_steps = 0, left_out_ranks = 0;
  bool leaves_out = true;  ///< every row says who was left out
  std::uint64_t delay_max_steps = 0;
  std::optional<double> loss, accuracy;  ///< of the last row
  /// The end of the first step after which the accuracy was measured and high enough.
  std::optional<std::uint64_t> target_step;
  std::optional<double> target_s;
};

/// Which rows there are before anything is timed: the row of a step, and how many steps from it on
/// have the same (LaterRow).
using UntimedRows = std::function<std::pair<StepRow, std::uint64_t>(std::uint64_t step)>;
UntimedRows untimed(const StepRows& rows);

/// Gives rows their times.
class TimedRows {
 public:
  /// `on_row` may be empty. `warmup_steps` are not counted as after the warm-up.
  TimedRows(UntimedRows rows, std::uint64_t warmup_steps, std::optional<double> target_accuracy,
            std::function<void(const StepRow&)> on_row)
      : rows_(std::move(rows)),
        warmup_steps_(warmup_steps),
        target_accuracy_(target_accuracy),
        on_row_(std::move(on_row)) {}

  /// The next step takes this time, and so many from it on do.
  void add(const StepTime& time, std::uint64_t count);
  void add(const StepTimes& times);
  const RowSums& sums() const { return sums_; }

 private:
  void add(const StepRow& row, std::uint64_t count);

  UntimedRows rows_;
  std::uint64_t warmup_steps_;
  std::optional<double> target_accuracy_;
  std::function<void(const StepRow&)> on_row_;
  RowSums sums_;
};

}  // namespace ringsim
