// In place of sim/simgrid/ where the build is without SimGrid.
#include "sim/backend/backend.hpp"

namespace ringsim {

extern const BackendDefinition simgrid_backend;
const BackendDefinition simgrid_backend = {
    .name = "simgrid",
    .description = "SimGrid 3.32: links are shared by all that flows over them",
    .unavailable = []() -> std::optional<BackendRefusal> {
      return BackendRefusal{"this build is without SimGrid, which the simgrid backend needs",
                            "install libsimgrid-dev and configure with -DRINGSIM_SIMGRID=ON"};
    },
    .why_not = [](const Topology&, Rank) { return std::optional<BackendRefusal>(); },
    .run = [](const Topology&, const Program&, const Observer&) -> BackendResult {
      require_available(simgrid_backend);
      return {};
    },
    .is_always_exact = true,
    .runs_once_per_process = true};

}  // namespace ringsim
