#include "sim/fluid/engine.hpp"
#include "sim/fluid/fluid.hpp"

namespace ringsim {

BackendResult run_fluid(const Topology& topology, const Program& program,
                        const Observer& observer) {
  return FluidEngine(topology, program, observer, false).run();
}

BackendResult run_fluid_checked(const Topology& topology, const Program& program,
                                const Observer& observer) {
  return FluidEngine(topology, program, observer, true).run();
}

}  // namespace ringsim
