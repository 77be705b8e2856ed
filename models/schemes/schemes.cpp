#include "base/error.hpp"
#include "base/text.hpp"
#include "models/schemes/scheme.hpp"

#include <fmt/format.h>

namespace ringsim {

const SchemeDefinition& find_scheme(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* scheme : schemes()) {
    if (scheme->name == name) return *scheme;
    names.emplace_back(scheme->name);
  }
  throw UserError({{}, "--scheme"},
                  fmt::format("unknown scheme \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

}  // namespace ringsim
