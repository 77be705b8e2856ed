#pragma once
// What ranks that go through a ring's rounds together wait for.
#include "sim/backend/critical_path.hpp"
#include "sim/recurrence/ring_rounds.hpp"

#include <memory>
#include <vector>

namespace ringsim {

/// Goes back through a ring's rounds, from each message to the one that it waited for, and adds up
/// the times of all.
class RingSteps {
 public:
  /// `ring` and `times` outlive it.
  RingSteps(const RingRounds& ring, PathTimes& times);

  /// The message that `rank` waits for at the end of a round: rank-1's or its own.
  std::size_t last_arrival(std::size_t rank, double from_before, double own) const;
  /// Adds the message of `sender` in `round`.
  void add(std::size_t sender, std::size_t round);
  /// The sender of the message in `round` that the one of `sender` in round+1 waited for; the
  /// starts in `round` are those of sender-1, sender and sender+1.
  std::size_t waited_for(std::size_t sender, double start_before, double start, double start_after,
                         std::size_t round) const;
  /// The same, and adds that message.
  std::size_t step_back(std::size_t sender, double start_before, double start, double start_after,
                        std::size_t round) {
    const std::size_t waited = waited_for(sender, start_before, start, start_after, round);
    add(waited, round);
    return waited;
  }
  /// The rank that posted the message of `sender` in round 0 last.
  std::size_t first_poster(std::size_t sender, double ready, double ready_after) const;

  std::size_t before(std::size_t rank) const { return rank == 0 ? ranks_ - 1 : rank - 1; }
  std::size_t after(std::size_t rank) const { return rank + 1 == ranks_ ? 0 : rank + 1; }
  double end_of(std::size_t sender, double start, std::size_t round) const {
    return start + ring_.duration(sender, ring_.part(sender, round));
  }

 private:
  const RingRounds& ring_;
  std::size_t ranks_;
  PathTimes& times_;
  std::vector<PathTimes::Message*> messages_;  ///< of `times`, per sender; null: not looked up yet
};

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
  void sum_up(PathLog& log) override { log.sum_up(before_, origins()); }

 private:
  /// The ranks at which the paths of all ranks begin.
  std::vector<Rank> origins() const;

  std::vector<double> ready_;
  std::vector<Path> before_;
  std::vector<double> last_end_;
  std::shared_ptr<const RingRounds> ring_;
  RingCheckpoints kept_;
};

}  // namespace ringsim
