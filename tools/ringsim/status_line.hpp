#pragma once
// Messages on stderr beside a bar that is drawn over and over on a terminal.
#include <cstdint>
#include <string>

namespace ringsim {

/// Silent where `quiet`. The bar that is drawn last goes with the object.
class StatusLine {
 public:
  explicit StatusLine(bool quiet);
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine();

  bool is_quiet() const { return quiet_; }
  /// Whether what is drawn on stderr can be drawn over again.
  bool is_on_terminal() const { return terminal_; }
  /// A line of its own, above the bar.
  void line(const std::string& text);
  /// Draws a bar of `done` of `total` with `text` behind it over the last one, on a terminal alone.
  /// It takes one line: on a narrow terminal the bar is shorter and the text's end is cut off.
  void draw(std::uint64_t done, std::uint64_t total, const std::string& text);
  /// Takes the bar away, for what is written by others.
  void erase();

 private:
  bool quiet_, terminal_, is_drawn_ = false;
};

}  // namespace ringsim
