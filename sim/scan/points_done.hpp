#pragma once
#include <cstddef>

namespace ringsim {

/// How many of the points that belong to a scan are done, those of earlier calls too, and how many
/// of them failed.
struct PointsDone {
  std::size_t done, failed, points;
};

}  // namespace ringsim
