#include "tools/ringsim/status_line.hpp"

#include "tools/ringsim/standard_streams.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace ringsim {
namespace {

bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
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
  const std::uint64_t filled = done * 30 / total;
  say(fmt::format("\r\033[K[{:#<{}}{:.<{}}] {}", "", filled, "", 30 - filled, text));
  is_drawn_ = true;
}

}  // namespace ringsim
