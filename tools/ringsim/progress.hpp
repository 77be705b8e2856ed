#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace ringsim {

/// Whether what is drawn on stderr can be drawn over again.
bool stderr_is_terminal();

/// Messages on stderr: lines, and on a terminal a bar that is redrawn at most ten times a second.
/// Elsewhere a line per tenth of the work. Silent where `quiet`.
class Progress {
 public:
  explicit Progress(bool quiet);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void line(const std::string& text);
  void step(std::uint64_t done, std::uint64_t total);

 private:
  void erase_bar();

  bool quiet_, terminal_, bar_drawn_ = false;
  std::uint64_t tenths_ = 0;
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace ringsim
