#include "base/registry.hpp"
#include "sim/collectives/collective.hpp"

namespace ringsim {

const CollectiveDefinition& find_collective(std::string_view name) {
  return find_by_name(collectives(), name, "--collective", "collective");
}

}  // namespace ringsim
