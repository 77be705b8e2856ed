#include "base/registry.hpp"
#include "models/networks/network.hpp"

namespace ringsim {

const NetworkDefinition& find_network(std::string_view name) {
  return find_by_name(networks(), name, "model", "model");
}

}  // namespace ringsim
