#pragma once
// Timing replays recorded step plans on a network.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/lockstep_steps.hpp"
#include "sim/timing/step_plan.hpp"
#include "sim/timing/step_times.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

using Backend = std::function<BackendResult(const Topology&, const Program&, const Observer&)>;

struct TimingSettings {
  /// Steps are taken, in place of running them again (repeated_steps.hpp), where so many have the
  /// plan of another one: fewer take little time. Absent: all steps are run.
  std::optional<std::uint64_t> fewest_repeated = 64;
  /// BackendDefinition::clock_rounding
  double clock_rounding = 0;
  /// Called with a program before its transfers or delays are told while it runs.
  std::function<void(const Program&)> before_telling = {};
  /// Told of delays, where it is not empty, as `on_transfer` is of transfers.
  std::function<void(const DelayEvent&)> on_delay = {};
  /// Called where steps cannot be taken after all, before all are run.
  std::function<void()> before_running_all = {};
  /// Is told the steps at the end, in place of Timing::steps.
  StepSink on_step = {};
};

/// Runs steps in lockstep, or overlapped ones where `compute` says so (then nobody may die), and
/// finds their critical path. `exchange` of a step runs from the start of its first transfer to the
/// end of its last. Transfers are told to `on_transfer`, where that is not empty.
Timing time_steps(const Topology& topology, const StepPlans& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer = {},
                  const Recovery& recovery = {}, const TimingSettings& settings = {});

/// time_steps() on topologies that are alike but for bandwidths and latencies, all at once. Nothing
/// where the backend cannot do that, hosts die, or time_steps() would take steps that repeat.
std::optional<std::vector<Timing>> time_steps_side_by_side(
    std::span<const Topology* const> topologies, const StepPlans& plans, Rank ranks,
    const ComputeModel& compute, const BackendDefinition& backend);

}  // namespace ringsim
