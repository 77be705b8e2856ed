#pragma once
// The best of many configurations.
#include "sim/scan/points.hpp"
#include "sim/scan/points_done.hpp"
#include "traces/records/summary.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

/// What is tried of the options that nobody gave: schemes that can be had here, densities,
/// collectives, and sizes of buckets where sizes are drawn for a model. Options that are given stay
/// as they are, lists too.
ScanRequest with_defaults_to_try(ScanRequest given);

/// A point and what it is ranked by, in s.
struct Ranked {
  std::uint32_t point;
  double seconds;
  TimeBasis basis = {};
  /// Where `headroom` is on, and of the best one where it is uncertain what it takes to compress.
  HeadroomSeconds headroom = {};
  std::optional<Summary::Bottleneck> bottleneck = {};
  std::optional<double> accuracy = {};
};

struct Ranking {
  std::vector<Ranked> best_first;  ///< of equal ones the first point
  std::size_t failed = 0;          ///< points that cannot be had
  std::size_t not_reached = 0;     ///< points that do not get to `target-accuracy`
  std::string first_error;
};

/// Runs all points, in at most `jobs` processes at a time, and ranks them by the time per step, or,
/// where they have a `target-accuracy`, by the time until that was measured first. `on_point` is
/// told how many are done; `wants_stop` is asked several times a second.
Ranking rank_points(const PointSet& points, std::size_t jobs,
                    const std::function<void(const PointsDone&)>& on_point,
                    const std::function<bool()>& wants_stop);

}  // namespace ringsim
