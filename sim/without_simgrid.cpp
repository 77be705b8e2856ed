// In place of sim/simgrid/ where the build is without SimGrid.
#include "base/error.hpp"
#include "sim/backend.hpp"

namespace ringsim {

BackendResult run_simgrid(const Topology&, const Program&, const Observer&) {
  throw UserError({{}, "--backend"},
                  "this build is without SimGrid, which the simgrid backend needs", {},
                  "install libsimgrid-dev and configure with -DRINGSIM_SIMGRID=ON");
}

}  // namespace ringsim
