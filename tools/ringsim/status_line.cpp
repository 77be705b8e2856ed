#include "tools/ringsim/status_line.hpp"

#include "tools/ringsim/standard_streams.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace ringsim {
namespace {

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

/// The width of the terminal now (it may be changed at any time), or a usual one where it says
/// none.
std::size_t columns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// The text without the last of its parts where it is longer than this; the first one stays.
std::string_view fitting(std::string_view text, std::size_t width) {
  constexpr std::string_view between = ", ";
  for (auto end = text.rfind(between); text.size() > width && end != std::string_view::npos;
       end = text.rfind(between)) {
    text = text.substr(0, end);
  }
  return text;
}

}  // namespace

StatusLine::StatusLine(bool quiet) : quiet_(quiet), terminal_(stderr_is_terminal()) {}

StatusLine::~StatusLine() { erase(); }

void StatusLine::erase() {
  if (is_drawn_) say("\r\033[K");
  is_drawn_ = false;
}

void StatusLine::line(const std::string& text) {
  if (quiet_) return;
  erase();
  say(text + "\n");
}

void StatusLine::draw(std::uint64_t done, std::uint64_t total, const std::string& text) {
  // The last column stays free: a cursor behind it is on the next line on some terminals.
  constexpr std::size_t brackets = 3, least_bar = 4, most_bar = 30;
  const std::size_t width = columns() - 1;
  const auto shown = fitting(text, width - std::min(width, brackets + least_bar));
  const std::size_t bar =
      std::clamp(width - std::min(width, shown.size() + brackets), least_bar, most_bar);
  const std::uint64_t filled = done * bar / total;
  const auto line = fmt::format("[{:#<{}}{:.<{}}] {}", "", filled, "", bar - filled, shown);
  say("\r\033[K" + line.substr(0, width));
  is_drawn_ = true;
}

}  // namespace ringsim
