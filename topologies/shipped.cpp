#include "base/shipped.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/shipped_folder.hpp"
#include "base/text.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace fs = std::filesystem;

std::vector<ShippedTopology> shipped_topologies() {
  return shipped_files({.name = "topologies",
                        .from_program = RINGSIM_TOPOLOGIES_FROM_PROGRAM,
                        .source = RINGSIM_SOURCE_TOPOLOGIES,
                        .installed = RINGSIM_INSTALLED_TOPOLOGIES});
}

fs::path topology_file(std::string_view what) {
  if (names_file(what)) return what;
  std::vector<std::string> names;
  for (const auto& shipped : shipped_topologies()) {
    if (shipped.name == what) return shipped.path;
    names.push_back(shipped.name);
  }
  if (names.empty()) throw nothing_shipped("topologies");
  const std::string shipped_names = join(names, ", ");
  const auto kinds = topology_kind_names();
  names.insert(names.end(), kinds.begin(), kinds.end());
  throw UserError(option_place("topology"),
                  fmt::format("unknown topology \"{}\"{}", what, did_you_mean(what, names)),
                  fmt::format("accepted: a file (with / or .json in its name), one of {}, or with "
                              "`ranks`, `bandwidth` and `latency` one of {}",
                              shipped_names, join(kinds, ", ")));
}

Topology find_topology(std::string_view what) { return load_topology(topology_file(what)); }

}  // namespace ringsim
