#pragma once
// What ranks that go through pipelined rounds of a ring wait for.
#include "sim/backend/critical_path.hpp"
#include "sim/recurrence/pipelined_ring.hpp"

#include <memory>
#include <span>
#include <vector>

namespace ringsim {

/// The rounds of a PipelinedRing, which ranks come to one by one. Which messages a rank waited for
/// is found out when somebody asks, by going through the rounds twice more: that takes a byte for
/// each rank and round.
class PipelinedPath final : public PathPiece {
 public:
  PipelinedPath(std::shared_ptr<const RingRuns> runs, const Topology& topology,
                std::span<const Route> routes)
      : runs_(std::move(runs)),
        topology_(topology),
        routes_(routes),
        ready_(runs_->ranks()),
        before_(runs_->ranks()) {}

  /// Whether the bytes that trace() takes are not too many.
  static bool can_follow(const RingRuns& runs);

  /// The rank begins at `time`, having waited for `before`.
  void come(Rank rank, double time, Path before) {
    ready_[rank] = time;
    before_[rank] = std::move(before);
  }
  Path trace(Rank rank, PathTimes& times) const override;
  void sum_up(PathLog& log) override { log.sum_up(before_, origins()); }

 private:
  /// Has somebody watch the rounds.
  template <class Visit>
  void go(Visit& visit) const;
  /// The ranks at which the paths of all ranks begin.
  std::vector<Rank> origins() const;

  std::shared_ptr<const RingRuns> runs_;
  const Topology& topology_;
  std::span<const Route> routes_;
  std::vector<double> ready_;
  std::vector<Path> before_;
};

}  // namespace ringsim
