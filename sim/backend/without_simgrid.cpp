// In place of sim/simgrid/ where the build is without SimGrid.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/backend/backend.hpp"

namespace ringsim {

void require_simgrid() {
  throw UserError(option_place("backend"),
                  "this build is without SimGrid, which the simgrid backend needs", {},
                  "install libsimgrid-dev and configure with -DRINGSIM_SIMGRID=ON");
}

BackendResult run_simgrid(const Topology&, const Program&, const Observer&) {
  require_simgrid();
  return {};
}

}  // namespace ringsim
