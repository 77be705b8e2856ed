#include "tools/ringsim/progress.hpp"

#include "base/units.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ringsim {

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

Progress::Progress(bool quiet)
    : quiet_(quiet),
      terminal_(stderr_is_terminal()),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

Progress::~Progress() { erase_bar(); }

void Progress::erase_bar() {
  if (bar_drawn_) fmt::print(stderr, "\r\033[K");
  bar_drawn_ = false;
}

void Progress::line(const std::string& text) {
  if (quiet_) return;
  erase_bar();
  fmt::print(stderr, "{}\n", text);
}

void Progress::step(std::uint64_t done, std::uint64_t total) {
  if (quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double left = elapsed / static_cast<double>(done) * static_cast<double>(total - done);
  if (terminal_) {
    if (now - drawn_ < std::chrono::milliseconds(100) && done < total) return;
    drawn_ = now;
    const std::uint64_t filled = done * 30 / total;
    fmt::print(stderr, "\r\033[K[{:#<{}}{:.<{}}] step {} of {}, {} left", "", filled, "",
               30 - filled, done, total, format(Seconds{left}));
    std::fflush(stderr);
    bar_drawn_ = true;
  } else if (done * 10 / total > tenths_) {
    tenths_ = done * 10 / total;
    fmt::print(stderr, "step {} of {}\n", done, total);
  }
}

}  // namespace ringsim
