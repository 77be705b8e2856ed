#pragma once
// Timing replays recorded step plans on a network.
#include "sim/backend.hpp"
#include "sim/step_plan.hpp"
#include "topologies/topology.hpp"

#include <functional>
#include <vector>

namespace ringsim {

/// One step, as the rank that finishes the run last sees it. total = compute + prune +
/// exposed_exchange.
struct StepTime {
  Seconds start;  ///< when that rank's previous step ended
  Seconds compute, prune, exchange, exposed_exchange, total;
};

struct Timing {
  Seconds end;  ///< when the last rank has ended its last step
  std::vector<StepTime> steps;
  std::vector<LinkUse> links;  ///< one per link of the topology
};

using Backend = std::function<BackendResult(const Topology&, const Program&, const Observer&)>;

/// The program of synchronous training: every step computes, prunes and exchanges, one after the
/// other on one stream. `plans` has to outlive the program.
Program synchronous_program(const std::vector<StepPlan>& plans, Rank ranks);

/// Runs the synchronous program. `exchange` of a step runs from the start of its first transfer to
/// the end of its last.
Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const Backend& backend);

}  // namespace ringsim
