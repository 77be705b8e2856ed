#pragma once
// Points that share a recording (sim/run/recording.hpp).
#include "sim/scan/points.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace ringsim {

/// Says which points may share a recording: those with the same key.
class RecordingKeys {
 public:
  /// All options of a point that is_timing_option() does not name, and the number of ranks; where
  /// times feed back into training, all options.
  std::string key(const std::vector<Assignment>& point);

 private:
  std::string ranks_of(const std::vector<Assignment>& point);

  std::unordered_map<std::string, std::string> hosts_;  ///< by topology
};

/// Points of one recording, in order.
using PointGroup = std::vector<std::uint32_t>;

/// The groups of all points, in the order of their first ones.
std::vector<PointGroup> group_points(const PointSet& points);

}  // namespace ringsim
