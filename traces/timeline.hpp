#pragma once
// timeline.json: Chrome's trace event format, which Perfetto and chrome://tracing open.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ringsim {

constexpr std::string_view timeline_file_name = "timeline.json";

/// A row of the picture: a thread of a process. Slices of one row must not overlap.
struct TimelineRow {
  std::uint64_t process;
  std::uint64_t thread;
};

/// Writes events as they come. Times are in seconds; the file has microseconds. `arguments` are the
/// members of a JSON object ("\"step\": 3"), `name`s any text.
class TimelineWriter {
 public:
  /// The most bytes that viewers open well.
  static constexpr std::uint64_t most_bytes = 100'000'000;

  using Write = std::function<void(std::string_view)>;
  explicit TimelineWriter(Write write);

  void name_process(std::uint64_t process, std::string_view name);
  void name_thread(const TimelineRow& row, std::string_view name);
  void slice(const TimelineRow& row, std::string_view name, double start_s, double duration_s,
             std::string_view arguments);
  /// The value of a counter from a moment on.
  void counter(std::uint64_t process, std::string_view name, double at_s, double value);
  /// An arrow from a slice of one row, at a moment within it, to one of another.
  void arrow(const TimelineRow& from, double from_s, const TimelineRow& to, double to_s);
  /// The end of the file.
  void end();

 private:
  void event(const std::string& members);
  void write(std::string_view text);
  void name(std::string_view what, const TimelineRow& row, std::string_view name);

  Write write_;
  std::uint64_t bytes_ = 0, events_ = 0, arrows_ = 0;
};

}  // namespace ringsim
