#include "sim/scan/point_runner.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/lockstep_run.hpp"
#include "traces/summary.hpp"

namespace ringsim {
namespace {

/// The summary of what `run` returns in a child process.
Summary summary_in_child(const std::function<RunResult()>& run) {
  const auto output = call_in_child([&] { return to_text(to_json(run().summary)); });
  return parse_summary(text_or_throw(output, "its process"), "the summary of a child process");
}

}  // namespace

PointResult PointRunner::run(const std::vector<Assignment>& point) {
  try {
    return {run_or_throw(point), {}};
  } catch (const std::exception& error) {
    return {std::nullopt, error.what()};
  }
}

Summary PointRunner::run_or_throw(const std::vector<Assignment>& point) {
  RunOptions options;
  for (const auto& [name, text] : point) set_run_option(options, name, text);
  const bool is_recorded = has_recording(point);
  auto experiment = prepare(options, is_recorded ? recorded_.get() : nullptr);
  experiment.threads = threads_;
  // There may be a run with SimGrid among its attempts, which is one for a process.
  if (feeds_back(experiment.options))
    return summary_in_child([&] { return run_experiment(experiment, {}); });
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

Summary PointRunner::time(Experiment& experiment) const {
  const auto run = [&] { return time_recording(experiment, *recording_, {}); };
  auto& choice = experiment.options.backend;
  Summary summary;
  run_on_backend(std::string(choice), experiment.topology, experiment.ranks,
                 [&](const BackendAttempt& attempt) {
                   choice = attempt.backend.name;
                   summary = attempt.backend.runs_once_per_process ? summary_in_child(run)
                                                                   : run().summary;
                 });
  return summary;
}

}  // namespace ringsim
