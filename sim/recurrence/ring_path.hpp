#pragma once
// What ranks that go through a ring's rounds together wait for.
#include "sim/backend/critical_path.hpp"
#include "sim/recurrence/ring_rounds.hpp"

#include <memory>
#include <vector>

namespace ringsim {

/// Rounds that all ranks have gone through. Which messages a rank waited for is found out when
/// somebody asks, by going through the rounds once more between checkpoints, near the path alone:
/// that takes about half the time of advance_ring(), and where no checkpoints were kept, its
/// time once more.
class RingPath final : public PathPiece {
 public:
  /// Rounds between checkpoints: 8 checkpoints of a ring all-reduce, 64 bytes a rank.
  static std::size_t checkpoint_distance(std::size_t ranks);

  /// Rank i began at ready[i] s, having waited for before[i]; its last message arrived at
  /// last_end[i] s. `kept`: checkpoints of these rounds, or none.
  RingPath(std::vector<double> ready, std::vector<Path> before, std::vector<double> last_end,
           std::shared_ptr<const RingRounds> ring, RingCheckpoints kept)
      : ready_(std::move(ready)),
        before_(std::move(before)),
        last_end_(std::move(last_end)),
        ring_(std::move(ring)),
        kept_(std::move(kept)) {}

  Path trace(Rank rank, PathTimes& times) const override;

 private:
  std::vector<double> ready_;
  std::vector<Path> before_;
  std::vector<double> last_end_;
  std::shared_ptr<const RingRounds> ring_;
  RingCheckpoints kept_;
};

}  // namespace ringsim
