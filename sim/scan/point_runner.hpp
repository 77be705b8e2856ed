#pragma once
// Runs points, and keeps what was recorded for one for those after it that need the same.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "sim/run/run.hpp"
#include "sim/scan/groups.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace ringsim {

/// The options of a run of this point, which finds no headroom unless it says so.
RunOptions options_of(const std::vector<Assignment>& point);

/// What became of a point: a result, or the error that its run ended with.
struct PointResult {
  std::optional<Summary> summary;  ///< without wall_seconds and provenance.command
  std::string error;
};

class PointRunner {
 public:
  /// `threads`: that training takes; 0: one per core.
  explicit PointRunner(std::size_t threads = 0) : threads_(threads) {}

  /// Runs a point: on the recurrence where that is exact, in this process, else in a child process
  /// (SimGrid allows one run in each).
  PointResult run(const std::vector<Assignment>& point);
  /// Runs points that share the recording that there is: those side by side that can be, the others
  /// as run() does.
  std::vector<PointResult> run_several(std::span<const std::vector<Assignment>> points);
  /// Whether the point, for which there is a recording, is one that runs side by side with others.
  bool can_run_several(const std::vector<Assignment>& point);
  /// Whether there is a recording that serves the point (or the error that it ended with), so that
  /// a copy of this process can go on with those that share it.
  bool has_recording(const std::vector<Assignment>& point);
  /// What `headroom` on would say of the point that ran last, whose steps take `step`; nothing
  /// where its training depends on times.
  HeadroomSeconds headroom(const std::vector<Assignment>& point, Seconds step);

 private:
  /// One that differs from the point's in the bandwidth and the latency of all links alone. Null:
  /// the point runs alone.
  const Experiment* alike(const std::vector<Assignment>& point);
  void run_side_by_side(const Experiment& experiment,
                        std::span<const std::vector<Assignment>> points,
                        const std::vector<std::size_t>& members, std::vector<PointResult>& results);

  Summary run_or_throw(const std::vector<Assignment>& point);
  void record(const Experiment& experiment, const std::string& key);
  /// `experiment` learns which backend ran.
  Summary time(Experiment& experiment) const;

  std::size_t threads_;
  RecordingKeys keys_;
  std::string key_;
  std::unique_ptr<Experiment> recorded_;  ///< what was recorded, for what it has read
  std::unique_ptr<Recording> recording_;  ///< null where there is an error
  std::string recording_error_;
  /// The recording's experiments, by all that is not of links; null where the point runs alone.
  std::unordered_map<std::string, std::unique_ptr<Experiment>> alike_;
};

}  // namespace ringsim
