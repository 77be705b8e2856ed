#pragma once
// The best of many configurations.
#include "sim/scan/points.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ringsim {

/// What is tried of the options that nobody gave: schemes that can be had here, densities,
/// collectives. Options that are given stay as they are, lists too.
ScanRequest with_defaults_to_try(ScanRequest given);

/// A point and what it is ranked by, in s.
struct Ranked {
  std::uint32_t point;
  double seconds;
};

struct Ranking {
  std::vector<Ranked> best_first;  ///< of equal ones the first point
  std::size_t failed = 0;          ///< points that cannot be had
  std::size_t not_reached = 0;     ///< points that do not get to the accuracy
  std::string first_error;
};

struct OptimizeOptions {
  std::size_t jobs = 1;
  std::optional<double> accuracy;  ///< absent: by the time per step, else by the time until then
};

/// Runs all points. `on_point` is told how many are done; `wants_stop` is asked several times a
/// second.
Ranking rank_points(const PointSet& points, const OptimizeOptions& options,
                    const std::function<void(std::size_t done, std::size_t points)>& on_point,
                    const std::function<bool()>& wants_stop);

}  // namespace ringsim
