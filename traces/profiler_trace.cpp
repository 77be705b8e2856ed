#include "traces/profiler_trace.hpp"

#include "base/error.hpp"
#include "base/median.hpp"
#include "traces/profiler_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

/// The ready times of all whole steps.
std::vector<std::vector<double>> whole_steps(const ProfilerEvents& events,
                                             const std::vector<MeasuredLayer>& layers) {
  std::vector<std::vector<double>> found;
  for (const auto& window : events.windows) {
    const ProfiledStep step(events, window);
    if (step.has_backward_pass() && step.is_whole(layers))
      found.push_back(step.ready_times(layers));
  }
  return found;
}

/// The last step that is whole; where none is, the last one with a backward pass says what is
/// missing, or the last one of all.
std::vector<double> last_whole_step(const ProfilerEvents& events,
                                    const std::vector<MeasuredLayer>& layers) {
  std::optional<ProfiledStep> said;
  for (auto window = events.windows.rbegin(); window != events.windows.rend(); ++window) {
    ProfiledStep step(events, *window);
    if (step.has_backward_pass() && step.is_whole(layers)) return step.ready_times(layers);
    if (!said || (!said->has_backward_pass() && step.has_backward_pass()))
      said.emplace(std::move(step));
  }
  return said->ready_times(layers);
}

}  // namespace

std::vector<double> read_profiler_trace(const std::filesystem::path& path,
                                        const std::vector<MeasuredLayer>& layers) {
  return last_whole_step(read_profiler_events(path), layers);
}

std::vector<std::filesystem::path> profiler_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && (name.ends_with(".json") || name.ends_with(".json.gz")))
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<double> read_profiler_folder(const std::filesystem::path& folder,
                                         const std::vector<MeasuredLayer>& layers) {
  const auto files = profiler_files(folder);
  if (files.empty()) {
    throw UserError({folder.string(), {}}, "no trace (.json, .json.gz) in the folder",
                    "a folder with a trace of the PyTorch profiler of each rank is accepted");
  }
  std::vector<std::vector<double>> steps;
  for (const auto& file : files) {
    const auto events = read_profiler_events(file);
    auto found = whole_steps(events, layers);
    if (found.empty()) last_whole_step(events, layers);  // which says what is missing
    std::ranges::move(found, std::back_inserter(steps));
  }
  std::vector<double> ready(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::vector<double> times;
    times.reserve(steps.size());
    for (const auto& step : steps) times.push_back(step[i]);
    ready[i] = median(std::move(times));
  }
  return ready;
}

}  // namespace ringsim
