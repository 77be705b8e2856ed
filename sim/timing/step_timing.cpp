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

/// Who tells the timeline (and the program, where there is one) what happens.
Observer observer_of(LockstepTimeline& timeline, LockstepProgram* lockstep) {
  return {.on_mark =
              [&timeline, lockstep](const MarkEvent& event) {
                if (lockstep != nullptr) lockstep->on_mark(event);
                if (event.mark.kind == MarkKind::exchange_done)
                  timeline.end_step(event.rank, event.mark.step, event.time);
              },
          .on_transfer = {},
          .on_collective = [&timeline](const CollectiveEvent& event) { timeline.add(event); },
          .on_delay = [&timeline](const DelayEvent& event) { timeline.add(event); },
          .wants_critical_path = true};
}

}  // namespace

Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer,
                  const Recovery& recovery) {
  LockstepTimeline timeline(plans.size(), ranks, compute.overlap.has_value());
  LockstepProgram lockstep(topology, plans, ranks, compute, told_to(timeline, recovery));
  auto observer = observer_of(timeline, compute.overlap ? nullptr : &lockstep);
  observer.on_transfer = on_transfer;
  const auto program =
      compute.overlap ? overlapped_program(topology, plans, ranks, compute) : lockstep.program();
  return timeline.timing(backend(topology, program, observer));
}

std::optional<std::vector<Timing>> time_steps_side_by_side(
    std::span<const Topology* const> topologies, const std::vector<StepPlan>& plans, Rank ranks,
    const ComputeModel& compute, const BackendDefinition& backend) {
  if (backend.run_side_by_side == nullptr || topologies.empty()) return std::nullopt;
  const auto& first = *topologies.front();
  if (compute.overlap || has_deaths(first, ranks)) return std::nullopt;
  std::vector<LockstepTimeline> timelines(topologies.size(),
                                          LockstepTimeline(plans.size(), ranks, false));
  std::vector<Observer> observers;
  for (auto& timeline : timelines) observers.push_back(observer_of(timeline, nullptr));
  LockstepProgram lockstep(first, plans, ranks, compute, {});
  auto results = backend.run_side_by_side(topologies, lockstep.program(), observers);
  if (!results) return std::nullopt;
  std::vector<Timing> timings;
  for (std::size_t i = 0; i < results->size(); ++i)
    timings.push_back(timelines[i].timing(std::move((*results)[i])));
  return timings;
}

}  // namespace ringsim
