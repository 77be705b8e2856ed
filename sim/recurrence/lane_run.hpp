#pragma once
// A LaneProgram on as many topologies as there are lanes.
#include "sim/recurrence/lane_program.hpp"

#include <array>
#include <memory>
#include <span>
#include <vector>

namespace ringsim {

using lane_kernels::lanes;
using lane_kernels::Lanes;

/// A lane's topology and who is told of what happens on it.
struct Lane {
  const Topology* topology;
  const Observer* observer;
};

/// What lanes leave behind for those after them: memory.
struct LaneMemory {
  std::vector<Lanes> history, scratch;
};

class LaneRun {
 public:
  /// At most `lanes` of them, and at least one.
  LaneRun(const LaneProgram& program, std::span<const Lane> of_lanes, LaneMemory& memory);

  /// Appends a result for each lane.
  void run(std::vector<BackendResult>& results);

 private:
  using Paths = std::array<PathTimes, lanes>;
  using Ranks = std::array<Rank, lanes>;

  void set_links();
  /// What ranks do before a call.
  void do_local(std::size_t call);
  void do_call(std::size_t call);
  /// The starts of the last round, from when ranks are `ready`; with `history` all of them stay in
  /// memory_.history.
  std::vector<Lanes> advance(const WholeRing& ring, const std::vector<Lanes>& ready,
                             bool with_history);
  void advance(const PiecedRing& ring, std::vector<Lanes>& time, Lanes& first_start,
               bool with_history);
  /// The first start and the last end of the call's messages.
  std::pair<Lanes, Lanes> do_rounds(const WholeRing& ring);
  std::pair<Lanes, Lanes> do_rounds(const PiecedRing& ring);
  Lanes end_of(const WholeRing& ring, std::size_t rank, const Lanes& start) const;

  /// The critical paths, from the ranks that end last.
  void follow(Paths& paths);
  void follow(const WholeRing& ring, const std::vector<Lanes>& ready, Ranks& at, Paths& paths);
  void follow(const PiecedRing& ring, const std::vector<Lanes>& ready, Ranks& at, Paths& paths);
  Rank follow(const PiecedRing& ring, std::size_t lane, Rank at, PathTimes& times) const;
  BackendResult result(std::size_t lane, PathTimes times) const;

  const LaneProgram& program_;
  std::span<const Lane> lanes_;
  LaneMemory& memory_;
  lane_kernels::Kernels kernels_;
  std::vector<Lanes> latency_, bandwidth_;  ///< of the way from each rank to the next one
  std::vector<Lanes> time_, busy_;          ///< s, per rank
  std::vector<std::vector<Lanes>> ready_;   ///< [call][rank]: when the rank came to it
};

}  // namespace ringsim
