#include "base/registry.hpp"
#include "models/schemes/scheme.hpp"

namespace ringsim {

const SchemeDefinition& find_scheme(std::string_view name) {
  return find_by_name(schemes(), name, "--scheme", "scheme");
}

}  // namespace ringsim
