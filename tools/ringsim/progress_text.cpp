#include "tools/ringsim/progress_text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ringsim {
namespace {

/// What is left where `done` of `all` took so long.
std::string time_left(std::uint64_t done, std::uint64_t all, Seconds elapsed) {
  return waiting_time(
      Seconds{elapsed.value / static_cast<double>(done) * static_cast<double>(all - done)});
}

/// An empty text where no time has passed that could be measured.
std::string rate(std::uint64_t done, Seconds elapsed) {
  if (elapsed.value <= 0) return "";
  const double rate = static_cast<double>(done) / elapsed.value;
  return rate < 1000 ? fmt::format(", {:.3g} a second", rate)
                     : fmt::format(", {:.0f} a second", rate);
}

}  // namespace

std::string waiting_time(Seconds time) {
  // A simulation of years is a mistake of the user's, who shall see it.
  if (!(time.value < 1e15)) return fmt::format("{:.3g}s", time.value);
  const auto seconds = static_cast<std::uint64_t>(std::llround(time.value));
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m {:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h {:02}m", seconds / 3600, seconds % 3600 / 60);
}

std::string step_text(const StepProgress& progress, Seconds elapsed) {
  std::string text = fmt::format("step {} of {}, {} left", progress.done, progress.steps,
                                 time_left(progress.done, progress.steps, elapsed));
  if (progress.loss) text += fmt::format(", loss {:.4g}", *progress.loss);
  if (progress.accuracy) text += fmt::format(", accuracy {:.2f} %", 100 * *progress.accuracy);
  if (progress.simulated) text += fmt::format(", {} simulated", format(*progress.simulated));
  return text + rate(progress.done, elapsed);
}

std::string points_text(const PointsDone& progress, std::size_t before, Seconds elapsed) {
  const std::size_t now = progress.done - before;
  std::string text = fmt::format("{} of {} points", progress.done, progress.points);
  if (progress.failed > 0) text += fmt::format(", {} failed", progress.failed);
  return text + fmt::format(", {} left", time_left(now, progress.points - before, elapsed)) +
         rate(now, elapsed);
}

}  // namespace ringsim
