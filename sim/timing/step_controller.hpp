#pragma once
// The step controller: which ranks take part in the steps, and from which step on they go on when
// hosts have died. After a death has been noticed the backend aborts what is under way; the
// controller finds the first step that somebody who lives has not ended, and the steps begin again
// there without the dead: training restores what the ranks had kept back (it trains anew up to that
// step, sim/run/), and new plans divide by the number of ranks that are left.
#include "sim/backend/program.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ringsim {

struct RankDeath {
  Rank rank;
  Seconds died, detected;
  std::uint64_t step;  ///< that begins again: the first that the rank takes no part in
};

class StepController {
 public:
  /// What it asks of the program whose steps it controls.
  struct Steps {
    /// The first step that the rank has not ended.
    std::function<std::uint64_t(Rank)> under_way;
    /// Some ranks have died together; their step and those after it begin again. Throws where the
    /// work cannot go on.
    std::function<void(const std::vector<RankDeath>&)> begin_again;
  };

  /// `topology` has to outlive it.
  StepController(const Topology& topology, std::uint64_t steps, Rank ranks);

  /// Has the program go on after deaths, which are noticed after `detection`. A run in which fewer
  /// than two ranks are left ends with RunError. The controller has to outlive the program.
  void control(Program& program, Seconds detection, Steps steps);

  Rank living() const { return static_cast<Rank>(living_.size()); }
  /// Those that live, ascending, as those that take part in collective calls; absent before the
  /// first death.
  const std::shared_ptr<const Group>& group() const { return group_; }
  /// Where a rank that lives stands in the group.
  Rank position(Rank rank) const { return group_ ? group_->position(rank).value() : rank; }
  /// The step that began again after the last death; the number of steps where none was left to
  /// begin; 0 before.
  std::uint64_t first_step() const { return first_step_; }

 private:
  void recover(std::vector<Rank> dead, Seconds now, const Steps& steps);
  void remove(const std::vector<Rank>& dead);

  const Topology& topology_;
  std::uint64_t steps_, first_step_ = 0;
  std::vector<Rank> living_;
  std::shared_ptr<const Group> group_;
};

}  // namespace ringsim
