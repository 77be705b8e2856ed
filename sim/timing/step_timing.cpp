#include "sim/timing/step_timing.hpp"

#include "base/error.hpp"
#include "sim/timing/repeated_steps.hpp"
#include "sim/timing/timed_steps.hpp"

#include <memory>
#include <utility>

namespace ringsim {
namespace {

bool repeats(const Topology& topology, const StepPlans& plans, Rank ranks,
             const ComputeModel& compute, const TimingSettings& settings) {
  return settings.fewest_repeated && plans.repeated() >= *settings.fewest_repeated &&
         is_steady(topology, ranks, compute);
}

/// All steps as one program.
class WholeRun {
 public:
  WholeRun(const Topology& topology, const StepPlans& plans, Rank ranks,
           const ComputeModel& compute, const Recovery& recovery)
      : steps(topology, plans, ranks, compute, recovery), program(steps.program()) {}

  TimedSteps steps;
  Program program;
};

Observer observer_of(LockstepTimeline& timeline) {
  return {.on_mark = [&timeline](const MarkEvent& event) { timeline.add(event); },
          .on_transfer = {},
          .on_collective = [&timeline](const CollectiveEvent& event) { timeline.add(event); },
          .on_delay = [&timeline](const DelayEvent& event) { timeline.add(event); },
          .wants_critical_path = true};
}

}  // namespace

Timing time_steps(const Topology& topology, const StepPlans& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer,
                  const Recovery& recovery, const TimingSettings& settings) {
  std::unique_ptr<WholeRun> whole;
  const auto run_whole = [&] {
    whole = std::make_unique<WholeRun>(topology, plans, ranks, compute, recovery);
    if ((on_transfer || settings.on_delay) && settings.before_telling)
      settings.before_telling(whole->program);
    return &whole->program;
  };
  std::unique_ptr<RepeatedSteps> repeated;
  const auto steps = [&]() -> TimedSteps& { return whole ? whole->steps : repeated->step(); };
  Observer observer{.on_mark = [&](const MarkEvent& event) { steps().on_mark(event); },
                    .on_collective = [&](const CollectiveEvent& event) { steps().add(event); },
                    .on_delay =
                        [&](const DelayEvent& event) {
                          steps().add(event);
                          if (!settings.on_delay) return;
                          whole ? settings.on_delay(event) : repeated->add(event);
                        },
                    .wants_critical_path = true};
  if (on_transfer) {
    observer.on_transfer = [&](const TransferEvent& event) {
      whole ? on_transfer(event) : repeated->add(event);
    };
  }
  if (!repeats(topology, plans, ranks, compute, settings)) {
    const Program& program = *run_whole();
    return whole->steps.timeline().timing(backend(topology, program, observer), settings.on_step);
  }
  const auto run_whole_instead = [&] {
    if (settings.before_running_all) settings.before_running_all();
    return run_whole();
  };
  repeated = std::make_unique<RepeatedSteps>(topology, plans, ranks, compute,
                                             settings.clock_rounding, run_whole_instead);
  auto result = backend(topology, repeated->program(), observer);
  if (whole) return whole->steps.timeline().timing(std::move(result), settings.on_step);
  check(repeated->chain().steps.size() == plans.size(), "a backend runs all parts of a program");
  if (on_transfer) repeated->chain().tell(on_transfer);
  if (settings.on_delay) repeated->chain().tell_delays(settings.on_delay);
  return repeated->chain().timing(topology, settings.on_step);
}

std::optional<std::vector<Timing>> time_steps_side_by_side(
    std::span<const Topology* const> topologies, const StepPlans& plans, Rank ranks,
    const ComputeModel& compute, const BackendDefinition& backend) {
  if (backend.run_side_by_side == nullptr || topologies.empty()) return std::nullopt;
  const auto& first = *topologies.front();
  if (compute.overlap || has_deaths(first, ranks)) return std::nullopt;
  // Each by itself, these steps would be taken, whose times differ by rounding errors.
  if (repeats(first, plans, ranks, compute, {})) return std::nullopt;
  std::vector<LockstepTimeline> timelines;
  for (std::size_t i = 0; i < topologies.size(); ++i)
    timelines.emplace_back(plans.size(), ranks, false);
  std::vector<Observer> observers;
  observers.reserve(timelines.size());
  for (auto& timeline : timelines) observers.push_back(observer_of(timeline));
  LockstepProgram lockstep(first, plans, ranks, compute, {});
  auto results = backend.run_side_by_side(topologies, lockstep.program(), observers);
  if (!results) return std::nullopt;
  std::vector<Timing> timings;
  for (std::size_t i = 0; i < results->size(); ++i)
    timings.push_back(timelines[i].timing(std::move((*results)[i])));
  return timings;
}

}  // namespace ringsim
