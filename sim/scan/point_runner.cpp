#include "sim/scan/point_runner.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "base/free_memory.hpp"
#include "base/json_writer.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/headroom.hpp"
#include "sim/run/lockstep_run.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/side_by_side.hpp"
#include "traces/summary.hpp"

#include <algorithm>
#include <map>

namespace ringsim {
namespace {

/// The summary of what `run` returns in a child process.
Summary summary_in_child(const std::function<RunResult()>& run) {
  const auto output = call_in_child([&] { return to_text(to_json(run().summary)); });
  return parse_summary(text_or_throw(output, "its process"), "the summary of a child process");
}

/// What the points of a network whose links are all alike may differ in, side by side.
bool is_of_links(std::string_view name) { return name == "bandwidth" || name == "latency"; }

AllLinks links_of(const std::vector<Assignment>& point) {
  static const auto& bandwidth = *find_run_option("bandwidth");
  static const auto& latency = *find_run_option("latency");
  AllLinks links{};
  for (const auto& [name, text] : point) {
    if (name == bandwidth.name)
      links.bandwidth = value_as<BytesPerSecond>(parse_value(bandwidth.limits, text, name));
    if (name == latency.name)
      links.latency = value_as<Seconds>(parse_value(latency.limits, text, name));
  }
  return links;
}

}  // namespace

RunOptions options_of(const std::vector<Assignment>& point) {
  RunOptions options;
  options.finds_headroom = false;
  for (const auto& [name, text] : point) set_run_option(options, name, text);
  return options;
}

PointResult PointRunner::run(const std::vector<Assignment>& point) {
  try {
    return {run_or_throw(point), {}};
  } catch (const std::exception& error) {
    return {std::nullopt, failure_text(error)};
  }
}

Summary PointRunner::run_or_throw(const std::vector<Assignment>& point) {
  const auto options = options_of(point);
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

const Experiment* PointRunner::alike(const std::vector<Assignment>& point) {
  std::string key;
  for (const auto& [name, text] : point) {
    if (is_of_links(name)) continue;
    key += name;
    key += '=';
    key += text;
    key += '\n';
  }
  auto [found, is_new] = alike_.try_emplace(std::move(key));
  if (!is_new) return found->second.get();
  try {
    auto prepared = prepare(options_of(point), recorded_.get());
    if (!feeds_back(prepared.options))
      found->second = std::make_unique<Experiment>(std::move(prepared));
  } catch (const std::exception&) {
    // Run alone, the point says it once more.
  }
  return found->second.get();
}

std::vector<PointResult> PointRunner::run_several(std::span<const std::vector<Assignment>> points) {
  constexpr std::size_t most_kept = 256;
  if (alike_.size() > most_kept) alike_.clear();
  std::vector<PointResult> results(points.size());
  std::map<const Experiment*, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto* experiment = recording_ != nullptr ? alike(points[i]) : nullptr;
    if (experiment != nullptr) members[experiment].push_back(i);
  }
  for (const auto& [experiment, own] : members) run_side_by_side(*experiment, points, own, results);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!results[i].summary) results[i] = run(points[i]);
  }
  return results;
}

void PointRunner::run_side_by_side(const Experiment& experiment,
                                   std::span<const std::vector<Assignment>> points,
                                   const std::vector<std::size_t>& members,
                                   std::vector<PointResult>& results) {
  std::vector<AllLinks> networks;
  networks.reserve(members.size());
  for (const std::size_t i : members) networks.push_back(links_of(points[i]));
  time_side_by_side(experiment, *recording_, networks, [&](std::size_t i, Summary summary) {
    results[members[i]].summary = std::move(summary);
  });
}

bool PointRunner::can_run_several(const std::vector<Assignment>& point) {
  const auto* experiment = recording_ != nullptr ? alike(point) : nullptr;
  if (experiment == nullptr) return false;
  std::vector<PointResult> results(1);
  run_side_by_side(*experiment, {&point, 1}, {0}, results);
  return results.front().summary.has_value();
}

HeadroomSeconds PointRunner::headroom(const std::vector<Assignment>& point, Seconds step) {
  if (recording_ == nullptr || !has_recording(point)) return {};
  return find_headroom(prepare(options_of(point), recorded_.get()), *recording_, step);
}

void PointRunner::record(const Experiment& experiment, const std::string& key) {
  recording_.reset();
  recording_error_.clear();
  alike_.clear();
  key_ = key;
  recorded_ = std::make_unique<Experiment>(experiment);
  try {
    recording_ = std::make_unique<Recording>(record_steps(experiment, {}, {}));
  } catch (const std::exception& error) {
    recording_error_ = failure_text(error);
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
