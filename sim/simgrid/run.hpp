#pragma once
// What the module of the simgrid backend gives to the program that loads it (backend.cpp). Both are
// of the same build, so types of C++ pass between them.
#include "sim/backend/backend.hpp"

namespace ringsim {

/// BackendDefinition::run into `result`. Once per process; throws RunError when it is called again.
extern "C" [[gnu::visibility("default")]] void ringsim_simgrid_run(const Topology& topology,
                                                                   const Program& program,
                                                                   const Observer& observer,
                                                                   BackendResult& result);

}  // namespace ringsim
