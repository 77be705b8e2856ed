#pragma once
// Timing replays recorded step plans on a network.
#include "sim/backend/backend.hpp"
#include "sim/timing/overlapped_steps.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace ringsim {

/// How long a rank computes in each step.
struct ComputeModel {
  Seconds time;       ///< on a host of speed 1
  double jitter = 0;  ///< spread; a host's own goes before it
  std::uint64_t seed = 1;
  std::optional<Overlap> overlap = {};  ///< absent: exchanges begin after the backward pass
};

/// The computing time of one rank in one step, on a host of speed 1: log-normal with mean
/// `model.time` and the jitter of the model or the host as sigma, drawn for (seed, rank, step);
/// exactly `time` where there is no jitter.
Seconds jittered(const ComputeModel& model, const Host& host, Rank rank, std::uint64_t step);

/// One step, as the rank that finishes the run last sees it. total = compute + prune +
/// exposed_exchange: prune is the time in which the rank prunes and does not compute,
/// exposed_exchange that in which it does neither.
struct StepTime {
  Seconds start;  ///< when that rank's previous step ended
  Seconds compute, prune, exchange, exposed_exchange, total;
};

struct Timing {
  Seconds end;  ///< when the last rank has ended its last step
  std::vector<StepTime> steps;
  std::vector<LinkUse> links;  ///< one per link of the topology
  std::optional<CriticalPath> critical_path;
};

using Backend = std::function<BackendResult(const Topology&, const Program&, const Observer&)>;

/// The program of synchronous training: every step computes, prunes and exchanges, one after the
/// other on one stream. `topology` and `plans` have to outlive the program.
Program synchronous_program(const Topology& topology, const std::vector<StepPlan>& plans,
                            Rank ranks, const ComputeModel& compute);

/// What is done about deaths (Program::recover): the step that was under way begins again without
/// the dead, from its exchange on where a rank had its gradient already. A rank that is ahead goes
/// back to the first exchange that it may have ended and others not.
struct Recovery {
  struct Death {
    Rank rank;
    Seconds died, detected;
    std::uint64_t step;  ///< that was under way: the first that the rank takes no part in
  };
  Seconds detection;  ///< how long after a death it is noticed
  /// Makes new plans for the steps from death.step on, in which the members of a plan are the ranks
  /// that are left, in order. Throws where the work cannot go on.
  std::function<void(const std::vector<Death>& deaths)> replan;
};

/// Takes ranks that have died off those that live; throws RunError where fewer than two are left.
void remove_dead(const Topology& topology, const std::vector<Rank>& dead, std::vector<Rank>& alive);

/// Runs the synchronous program, or the overlapped one where `compute` says so, and finds its
/// critical path. `exchange` of a step runs from the start of its first transfer to the end of its
/// last. Transfers are told to `on_transfer`, where that is not empty.
Timing time_steps(const Topology& topology, const std::vector<StepPlan>& plans, Rank ranks,
                  const ComputeModel& compute, const Backend& backend,
                  const std::function<void(const TransferEvent&)>& on_transfer = {},
                  const Recovery& recovery = {});

}  // namespace ringsim
