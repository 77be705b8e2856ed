// A build without pugixml and yaml-cpp (RINGSIM_IMPORT=OFF) has these in place of the readers.
#include "topologies/import/network.hpp"

namespace ringsim::import {
namespace {

[[noreturn]] void refuse(const NetworkImport& request) {
  throw UserError({request.file.string(), {}}, "this ringsim was built without XML and YAML",
                  "the text of nvidia-smi topo -m is accepted", "build it with RINGSIM_IMPORT=ON");
}

}  // namespace

ImportedTopology read_simgrid(const std::string&, const NetworkImport& request) { refuse(request); }
ImportedTopology read_astra_sim(const std::string&, const NetworkImport& request) {
  refuse(request);
}

}  // namespace ringsim::import
