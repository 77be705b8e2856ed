#include "tools/ringsim/scan_progress.hpp"

#include "tools/ringsim/progress_text.hpp"

#include <fmt/format.h>

namespace ringsim {

void ScanProgress::start(std::size_t before, std::size_t points) {
  before_ = before;
  tenths_ = before * 10 / points;
  start_ = drawn_ = std::chrono::steady_clock::now();
  if (before > 0) line(fmt::format("{} of {} points were done before", before, points));
}

void ScanProgress::point(const PointsDone& progress) {
  if (status_.is_quiet()) return;
  const auto now = std::chrono::steady_clock::now();
  const std::size_t tenths = progress.done * 10 / progress.points;
  if (status_.is_on_terminal()
          ? now - drawn_ < std::chrono::milliseconds(100) && progress.done < progress.points
          : tenths <= tenths_)
    return;
  tenths_ = tenths;
  drawn_ = now;
  const std::chrono::duration<double> elapsed = now - start_;
  const auto text = points_text(progress, before_, Seconds{elapsed.count()});
  if (status_.is_on_terminal()) {
    status_.draw(progress.done, progress.points, text);
  } else {
    status_.line(text);
  }
}

}  // namespace ringsim
