#pragma once
// What ranks that go through a ring's rounds together wait for.
#include "sim/backend/critical_path.hpp"
#include "sim/recurrence/ring_rounds.hpp"

#include <memory>
#include <vector>

namespace ringsim {

/// Rounds that all ranks have gone through. Which messages a rank waited for is found out when
/// somebody asks, by going through the rounds once more: that takes the time of advance_ring() and
/// some N*64 doubles.
class RingPath final : public PathPiece {
 public:
  /// Rank i began at ready[i] s, having waited for before[i]; its last message arrived at
  /// last_end[i] s.
  RingPath(std::vector<double> ready, std::vector<Path> before, std::vector<double> last_end,
           std::shared_ptr<const RingRounds> ring)
      : ready_(std::move(ready)),
        before_(std::move(before)),
        last_end_(std::move(last_end)),
        ring_(std::move(ring)) {}

  Path trace(Rank rank, PathTimes& times) const override;

 private:
  std::vector<double> ready_;
  std::vector<Path> before_;
  std::vector<double> last_end_;
  std::shared_ptr<const RingRounds> ring_;
};

}  // namespace ringsim
