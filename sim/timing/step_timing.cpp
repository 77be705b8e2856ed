#include "sim/timing/step_timing.hpp"

#include "sim/timing/lockstep_timeline.hpp"
#include "sim/timing/overlapped_steps.hpp"

namespace ringsim {
namespace {

/// `recovery`, of which the timeline is told as well.
Recovery told_to(LockstepTimeline& timeline, const Recovery& recovery) {
  if (!recovery.replan) return recovery;
  return {.detection = recovery.detection,
          .replan = [&timeline, &recovery](const std::vector<RankDeath>& deaths) {
            timeline.begin_again(deaths.front().step);
            recovery.replan(deaths);
          }};
}

}  // namespace

Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer,
                  const Recovery& recovery) {
  LockstepTimeline timeline(plans.size(), ranks, compute.overlap.has_value());
  LockstepProgram lockstep(topology, plans, ranks, compute, told_to(timeline, recovery));
  const Observer observer{
      .on_mark =
          [&](const MarkEvent& event) {
            if (!compute.overlap) lockstep.on_mark(event);
            if (event.mark.kind == MarkKind::exchange_done)
              timeline.end_step(event.rank, event.mark.step, event.time);
          },
      .on_transfer = on_transfer,
      .on_collective = [&](const CollectiveEvent& event) { timeline.add(event); },
      .on_delay = [&](const DelayEvent& event) { timeline.add(event); },
      .wants_critical_path = true};
  const auto program =
      compute.overlap ? overlapped_program(topology, plans, ranks, compute) : lockstep.program();
  return timeline.timing(backend(topology, program, observer));
}

}  // namespace ringsim
