#pragma once
// Steps of which each waits for its exchange: every rank computes, compresses and exchanges, one
// after the other on one stream. After deaths the step that was under way begins again without the
// dead, from its exchange on where a rank had its gradient already. A rank that is ahead goes back
// to the first exchange that it may have ended and others not.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/step_controller.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace ringsim {

/// What is done about deaths.
struct Recovery {
  Seconds detection;  ///< how long after a death it is noticed
  /// Makes new plans for the steps from that of the deaths on, in which the members of a plan are
  /// the ranks that are left, in order. Throws where the work cannot go on. Empty: nobody dies.
  std::function<void(const std::vector<RankDeath>& deaths)> replan;
};

class LockstepProgram {
 public:
  /// `topology` and `plans` have to outlive it.
  LockstepProgram(const Topology& topology, const StepPlans& plans, Rank ranks,
                  const ComputeModel& compute, Recovery recovery = {});

  /// Runs once, with an observer that passes marks to on_mark(): gradient_ready at the end of the
  /// backward pass, exchange_done at the end of the step. It has to outlive the program.
  Program program();
  void on_mark(const MarkEvent& event);

 private:
  /// Where a rank goes on after deaths.
  struct ResumePoint {
    std::uint64_t step = 0;
    bool has_gradient = false;
  };
  class Stream;

  void begin_again(const std::vector<RankDeath>& deaths);
  std::uint64_t first_exchange(std::uint64_t from, std::uint64_t to) const;

  const Topology& topology_;
  const StepPlans& plans_;
  ComputeModel compute_;
  Recovery recovery_;
  StepController controller_;
  std::vector<ResumePoint> resume_points_;  ///< per rank
};

}  // namespace ringsim
