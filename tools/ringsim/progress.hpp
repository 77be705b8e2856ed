#pragma once
#include "models/schemes/density_check.hpp"
#include "tools/ringsim/status_line.hpp"

#include <chrono>
#include <cstdint>
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
  void step(std::uint64_t done, std::uint64_t total);

 private:
  StatusLine status_;
  std::uint64_t tenths_ = 0;
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace ringsim
