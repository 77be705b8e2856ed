#include "base/registry.hpp"
#include "sim/collectives/collective.hpp"

#include <algorithm>

namespace ringsim {

const CollectiveDefinition& find_collective(std::string_view name) {
  return find_by_name(collectives(), name, "collective", "collective");
}

std::span<const CollectiveOption* const> collective_options() {
  static const auto all = [] {
    std::vector<const CollectiveOption*> options;
    for (const auto* collective : collectives()) {
      for (const auto* option : collective->options) {
        if (std::ranges::find(options, option) == options.end()) options.push_back(option);
      }
    }
    return options;
  }();
  return all;
}

}  // namespace ringsim
