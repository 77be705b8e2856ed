#include "base/error.hpp"
#include "base/registry.hpp"
#include "models/schemes/scheme.hpp"

namespace ringsim {

double Scheme::drop(Rank /*rank*/) {
  throw UserError({{}, "--scheme"}, "cannot go on without a rank that has died",
                  "dense and iwp are accepted where hosts die");
}

const SchemeDefinition& find_scheme(std::string_view name) {
  return find_by_name(schemes(), name, "--scheme", "scheme");
}

}  // namespace ringsim
