#include "tools/ringsim/progress.hpp"

#include "tools/ringsim/progress_text.hpp"

#include <fmt/format.h>

namespace ringsim {

Progress::Progress(bool quiet)
    : status_(quiet), start_(std::chrono::steady_clock::now()), drawn_(start_) {}

void Progress::density(const DensityCheck& density) {
  const auto reached = density.reached();
  if (!reached) return;
  if (density.is_missed()) {
    status_.erase();
    fmt::print(stderr, "warning: {}\n", *reached);
  } else {
    status_.line(*reached);
  }
}

void Progress::step(const StepProgress& progress) {
  if (status_.is_quiet()) return;
  last_ = progress;
  if (progress.accuracy) accuracy_ = progress.accuracy;
  last_->accuracy = accuracy_;
  if (!progress.simulated) last_->simulated = simulated_;
  const auto now = std::chrono::steady_clock::now();
  const bool is_last = progress.done == progress.steps;
  if (status_.is_on_terminal()) {
    if (now - drawn_ < std::chrono::milliseconds(100) && !is_last) return;
    drawn_ = now;
  } else {
    // Steps that a death made void are done once more, and not told again.
    if (progress.done * 10 / progress.steps <= tenths_) return;
    tenths_ = progress.done * 10 / progress.steps;
  }
  const std::chrono::duration<double> elapsed = now - start_;
  const auto text = step_text(*last_, Seconds{elapsed.count()});
  if (status_.is_on_terminal()) {
    status_.draw(progress.done, progress.steps, text);
  } else {
    status_.line(text);
  }
}

void Progress::timed(const StepRow& row) {
  if (status_.is_quiet() || !status_.is_on_terminal()) return;
  simulated_ = Seconds{row.start_s + row.total_s};
  if (!last_ || last_->done < last_->steps) return;
  // All are learnt. What is left is to say when they happened.
  const auto now = std::chrono::steady_clock::now();
  const std::uint64_t done = row.step + 1;
  if (now - drawn_ < std::chrono::milliseconds(100) && done < last_->steps) return;
  drawn_ = now;
  status_.draw(
      done, last_->steps,
      fmt::format("timed step {} of {}, {} simulated", done, last_->steps, format(*simulated_)));
}

}  // namespace ringsim
