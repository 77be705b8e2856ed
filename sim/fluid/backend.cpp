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

extern const BackendDefinition fluid_backend;
const BackendDefinition fluid_backend = {
    .name = "fluid",
    .description = "transfers that share links flow at max-min fair rates; always exact",
    .unavailable = [] { return std::optional<BackendRefusal>(); },
    .why_not = [](const Topology&, Rank) { return std::optional<BackendRefusal>(); },
    .run = run_fluid,
    .is_always_exact = true};

}  // namespace ringsim
