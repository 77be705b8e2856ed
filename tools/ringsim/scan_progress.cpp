#include "tools/ringsim/scan_progress.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

namespace ringsim {

void ScanProgress::start(std::size_t before, std::size_t points) {
  before_ = before;
  tenths_ = before * 10 / points;
  start_ = drawn_ = std::chrono::steady_clock::now();
  if (before > 0) line(fmt::format("{} of {} points were done before", before, points));
}

void ScanProgress::point(std::size_t done, std::size_t points) {
  if (status_.is_quiet()) return;
  const auto now = std::chrono::steady_clock::now();
  const bool is_tenth = done * 10 / points > tenths_;
  if (status_.is_on_terminal() ? now - drawn_ < std::chrono::milliseconds(100) && done < points
                               : !is_tenth)
    return;
  tenths_ = done * 10 / points;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - before_) / elapsed;
  const Seconds left{static_cast<double>(points - done) / rate};
  const auto text =
      fmt::format("{} of {} points, {:.3g} a second, {} left", done, points, rate, format(left));
  if (status_.is_on_terminal()) {
    status_.draw(done, points, text);
  } else {
    status_.line(text);
  }
}

}  // namespace ringsim
