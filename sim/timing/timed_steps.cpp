#include "sim/timing/timed_steps.hpp"

#include "sim/timing/overlapped_steps.hpp"

#include <vector>

namespace ringsim {

TimedSteps::TimedSteps(const Topology& topology, const StepPlans& plans, Rank ranks,
                       const ComputeModel& compute, const Recovery& recovery)
    : topology_(topology),
      plans_(plans),
      ranks_(ranks),
      compute_(compute),
      timeline_(plans.size(), ranks, compute.overlap.has_value()),
      lockstep_(topology, plans, ranks, compute, told(recovery)) {}

Program TimedSteps::program() {
  return compute_.overlap ? overlapped_program(topology_, plans_, ranks_, compute_)
                          : lockstep_.program();
}

void TimedSteps::on_mark(const MarkEvent& event) {
  if (!compute_.overlap) lockstep_.on_mark(event);
  timeline_.add(event);
}

/// `recovery`, of which the timeline is told as well.
Recovery TimedSteps::told(const Recovery& recovery) {
  if (!recovery.replan) return recovery;
  return {.detection = recovery.detection,
          .replan = [this, replan = recovery.replan](const std::vector<RankDeath>& deaths) {
            timeline_.begin_again(deaths.front().step);
            replan(deaths);
          }};
}

}  // namespace ringsim
