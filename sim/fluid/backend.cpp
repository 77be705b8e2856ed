#include "sim/fluid/engine.hpp"
#include "sim/fluid/fluid.hpp"

#include <memory>

namespace ringsim {
namespace {

BackendResult run(const Topology& topology, const Program& program, const Observer& observer,
                  bool checks_rates) {
  return run_parts(program, [&](const Program& part) {
    const auto engine = std::make_shared<FluidEngine>(topology, part, observer, checks_rates);
    auto result = engine->run();
    if (program.next_part && observer.wants_critical_path)
      result.path_of = [engine](Rank rank) { return engine->path_of(rank); };
    return result;
  });
}

}  // namespace

BackendResult run_fluid(const Topology& topology, const Program& program,
                        const Observer& observer) {
  return run(topology, program, observer, false);
}

BackendResult run_fluid_checked(const Topology& topology, const Program& program,
                                const Observer& observer) {
  return run(topology, program, observer, true);
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
