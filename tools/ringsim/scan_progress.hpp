#pragma once
// How far a scan is, on stderr: a line that is drawn again and again on a terminal, a line for each
// tenth elsewhere.
#include "sim/scan/points_done.hpp"
#include "tools/ringsim/status_line.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace ringsim {

class ScanProgress {
 public:
  explicit ScanProgress(bool quiet) : status_(quiet) {}

  void line(const std::string& text) { status_.line(text); }
  /// `before` of `points` were done when the scan began.
  void start(std::size_t before, std::size_t points);
  void point(const PointsDone& progress);
  /// Takes the bar away, for the results.
  void end() { status_.erase(); }

 private:
  StatusLine status_;
  std::size_t before_ = 0, tenths_ = 0;
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace ringsim
