#include "sim/scan/point_runner.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "sim/backend.hpp"
#include "sim/stale_run.hpp"
#include "traces/summary.hpp"

#include <fmt/format.h>

#include <cstring>

namespace ringsim {
namespace {

/// When a step after which the accuracy is at least `wanted` ended.
std::optional<double> seconds_to(const std::vector<StepRow>& steps, double wanted) {
  for (const auto& step : steps) {
    if (step.accuracy && *step.accuracy >= wanted) return step.start_s + step.total_s;
  }
  return std::nullopt;
}

}  // namespace

PointResult PointRunner::run(const std::vector<Assignment>& point) {
  try {
    return run_or_throw(point);
  } catch (const std::exception& error) {
    return {std::nullopt, std::nullopt, error.what()};
  }
}

PointResult PointRunner::run_or_throw(const std::vector<Assignment>& point) {
  RunOptions options;
  for (const auto& [name, text] : point) set_run_option(options, name, text);
  const bool is_recorded = has_recording(point);
  auto experiment = prepare(options, is_recorded ? recorded_.get() : nullptr);
  experiment.threads = threads_;
  // There may be a run with SimGrid among its attempts, which is one for a process.
  if (feeds_back(experiment)) return in_child([&] { return run_experiment(experiment, {}); });
  if (!is_recorded) record(experiment, keys_.key(point));
  if (recording_ == nullptr) throw RunError(recording_error_);
  return time(experiment);
}

bool PointRunner::has_recording(const std::vector<Assignment>& point) {
  return recorded_ != nullptr && key_ == keys_.key(point);
}

void PointRunner::record(const Experiment& experiment, const std::string& key) {
  recording_.reset();
  recording_error_.clear();
  key_ = key;
  recorded_ = std::make_unique<Experiment>(experiment);
  try {
    recording_ = std::make_unique<Recording>(record_steps(experiment, {}, {}));
  } catch (const std::exception& error) {
    recording_error_ = error.what();
  }
}

PointResult PointRunner::time_here(const Experiment& experiment) const {
  return point_result(time_recording(experiment, *recording_, {}));
}

PointResult PointRunner::point_result(RunResult result) const {
  const auto reached = accuracy_ ? seconds_to(result.steps, *accuracy_) : std::nullopt;
  return {std::move(result.summary), reached, {}};
}

PointResult PointRunner::in_child(const std::function<RunResult()>& run) const {
  // A line with the time to the accuracy, then the summary.
  const auto output = call_in_child([&] {
    const auto result = point_result(run());
    const auto reached = result.seconds_to_accuracy;
    return (reached ? fmt::format("{}", *reached) : std::string()) + "\n" +
           to_text(to_json(*result.summary));
  });
  if (output.signal) {
    throw RunError(fmt::format("its process was killed by signal {} ({})", *output.signal,
                               strsignal(*output.signal)));
  }
  if (output.failed) throw RunError(output.text);
  const std::string_view text = output.text;
  const auto line = text.find('\n');
  const auto reached = leading_number(text.substr(0, line));
  return {parse_summary(text.substr(line + 1), "the summary of a child process"),
          reached ? std::optional(reached->value) : std::nullopt,
          {}};
}

PointResult PointRunner::time(Experiment& experiment) const {
  auto& backend = experiment.options.backend;
  if (backend == "recurrence") return time_here(experiment);
  if (backend == "auto" && !has_deaths(experiment.topology, experiment.ranks)) {
    try {
      backend = "recurrence";
      return time_here(experiment);
    } catch (const RecurrenceNotExact&) {
      backend = "simgrid";
    }
  }
  require_simgrid();
  return in_child([&] { return time_recording(experiment, *recording_, {}); });
}

}  // namespace ringsim
