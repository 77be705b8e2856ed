#pragma once
// Timing replays recorded step plans on a network.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/lockstep_steps.hpp"
#include "sim/timing/step_plan.hpp"
#include "sim/timing/step_times.hpp"
#include "topologies/topology.hpp"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

using Backend = std::function<BackendResult(const Topology&, const Program&, const Observer&)>;

/// Runs steps in lockstep, or overlapped ones where `compute` says so (then nobody may die), and
/// finds their critical path. `exchange` of a step runs from the start of its first transfer to the
/// end of its last. Transfers are told to `on_transfer`, where that is not empty.
Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer = {},
                  const Recovery& recovery = {});

/// time_steps() on topologies that are alike but for bandwidths and latencies, all at once. Nothing
/// where the backend cannot do that, or hosts die.
std::optional<std::vector<Timing>> time_steps_side_by_side(
    std::span<const Topology* const> topologies, const std::vector<StepPlan>& plans, Rank ranks,
    const ComputeModel& compute, const BackendDefinition& backend);

}  // namespace ringsim
