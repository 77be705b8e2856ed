#include "base/error.hpp"
#include "base/text.hpp"
#include "models/networks/network.hpp"

#include <fmt/format.h>

namespace ringsim {

const NetworkDefinition& find_network(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* network : networks()) {
    if (network->name == name) return *network;
    names.emplace_back(network->name);
  }
  throw UserError({{}, "--model"},
                  fmt::format("unknown model \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

}  // namespace ringsim
