#pragma once
// The fluid backend: messages that flow over links and share them max-min fairly (README.md).
#include "sim/backend/backend.hpp"

namespace ringsim {

/// Exact for every program, without SimGrid. Deadlocks as in run_simgrid.
BackendResult run_fluid(const Topology& topology, const Program& program, const Observer& observer);

/// The same, and after each moment of simulated time the rates have to be the max-min allocation to
/// 1e-12 of the links' capacities: for tests.
BackendResult run_fluid_checked(const Topology& topology, const Program& program,
                                const Observer& observer);

}  // namespace ringsim
