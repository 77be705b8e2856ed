#include "tools/ringsim/scan_progress.hpp"

#include "base/units.hpp"
#include "tools/ringsim/progress.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace ringsim {

ScanProgress::ScanProgress(bool quiet) : quiet_(quiet), terminal_(stderr_is_terminal()) {}

ScanProgress::~ScanProgress() { erase(); }

void ScanProgress::erase() {
  if (is_drawn_) fmt::print(stderr, "\r\033[K");
  is_drawn_ = false;
}

void ScanProgress::line(const std::string& text) {
  if (quiet_) return;
  erase();
  fmt::print(stderr, "{}\n", text);
}

void ScanProgress::start(std::size_t before, std::size_t points) {
  before_ = before;
  tenths_ = before * 10 / points;
  start_ = drawn_ = std::chrono::steady_clock::now();
  if (before > 0) line(fmt::format("{} of {} points were done before", before, points));
}

void ScanProgress::point(std::size_t done, std::size_t points) {
  if (quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool is_tenth = done * 10 / points > tenths_;
  if (terminal_ ? now - drawn_ < std::chrono::milliseconds(100) && done < points : !is_tenth)
    return;
  tenths_ = done * 10 / points;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - before_) / elapsed;
  const Seconds left{static_cast<double>(points - done) / rate};
  const auto text =
      fmt::format("{} of {} points, {:.3g} a second, {} left", done, points, rate, format(left));
  if (!terminal_) {
    fmt::print(stderr, "{}\n", text);
    return;
  }
  fmt::print(stderr, "\r\033[K[{:#<{}}{:.<{}}] {}", "", done * 30 / points, "",
             30 - done * 30 / points, text);
  std::fflush(stderr);
  is_drawn_ = true;
}

}  // namespace ringsim
