#pragma once
#include "models/schemes/density_check.hpp"
#include "sim/run/run_observer.hpp"
#include "tools/ringsim/status_line.hpp"
#include "traces/records.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace ringsim {

/// Messages on stderr: lines, and on a terminal a bar that is redrawn at most ten times a second.
/// Elsewhere a line per tenth of the work. Silent where `quiet`.
class Progress {
 public:
  explicit Progress(bool quiet);

  void line(const std::string& text) { status_.line(text); }
  /// Says what density was reached, and warns, `quiet` or not, where it was missed.
  void density(const DensityCheck& density);
  void step(const StepProgress& progress);
  /// Steps are timed when all are learnt, or as they are drawn.
  void timed(const StepRow& row);

 private:
  StatusLine status_;
  std::uint64_t tenths_ = 0;
  std::optional<StepProgress> last_;
  std::optional<double> accuracy_;  ///< it is not measured in every step
  std::optional<Seconds> simulated_;
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace ringsim
