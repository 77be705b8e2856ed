#pragma once
// What the ranks do where steps do not wait for their exchanges: every rank has a compute stream
// and a communicator stream.
//   compute:       wait until step t-1-S is applied here; compute, bucket by bucket; ready
//   communicator:  wait until enough ranks are ready for a step's bucket; exchange; apply
// Exchanges run in order, one behind the other. One starts when its ranks are ready, on all ranks
// at once: a barrier that costs nothing, without which messages would set out whose sizes depend on
// gradients that nobody has yet. With a quorum a round of small messages tells who is ready; a rank
// that is too late for a step goes on with the first one whose exchange has not started. After
// deaths the first step that somebody has not applied is exchanged again by those that are left.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/step_controller.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace ringsim {

struct LateSchedule {
  std::uint64_t steps;
  std::uint64_t staleness;  ///< S: step t begins when t-1-S has been applied
  std::size_t buckets = 1;  ///< all ready at the end of computing, or as ComputeModel::overlap says
  Rank ranks;
  Rank quorum;  ///< ranks that have to be ready: `ranks`, or fewer; all, where fewer live
  /// How long after a death it is noticed; absent: nobody dies.
  std::optional<Seconds> detection = {};
};

/// Who is told what happens, in order of simulated time.
struct LateCallbacks {
  std::function<void(Rank, std::uint64_t step, Seconds)> begin;
  std::function<void(Rank, std::uint64_t step, std::size_t bucket, Seconds)> ready, apply;
  /// What the exchange of a step's bucket takes; called when it starts, in order. The plan has to
  /// outlive the run.
  std::function<const StepPlan*(std::uint64_t step, std::size_t bucket)> exchange;
  /// Ranks have died: the exchanges from their step on begin again without them, and their plans
  /// are of the ranks that are left, in order. Returns how many gradients each rank has in hand:
  /// those of that step and the steps after it, without a gap.
  std::function<std::vector<std::uint64_t>(const std::vector<RankDeath>& deaths)> begin_again = {};
};

/// What the ranks tell each other to learn who is ready: a byte from each, round the ring.
std::shared_ptr<const Collective> make_ready_round(Rank ranks);

class LateProgram {
 public:
  LateProgram(const Topology& topology, const LateSchedule& schedule, const ComputeModel& compute,
              LateCallbacks callbacks);
  ~LateProgram();

  /// Runs once, with an observer that passes marks to on_mark().
  Program program() const;
  void on_mark(const MarkEvent& event);

 private:
  struct State;
  class Compute;
  class Exchanges;
  std::unique_ptr<State> state_;
};

}  // namespace ringsim
