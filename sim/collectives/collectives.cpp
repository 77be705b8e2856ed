#include "base/error.hpp"
#include "base/text.hpp"
#include "sim/collectives/collective.hpp"

#include <fmt/format.h>

namespace ringsim {

const CollectiveDefinition& find_collective(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* collective : collectives()) {
    if (collective->name == name) return *collective;
    names.emplace_back(collective->name);
  }
  throw UserError({{}, "--collective"},
                  fmt::format("unknown collective \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

}  // namespace ringsim
