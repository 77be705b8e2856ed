#include "base/shipped.hpp"

#include "base/error.hpp"
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
  const std::string shipped_names = join(names, ", ");
  std::vector<std::string> kinds;
  for (const auto kind : topology_kinds()) kinds.emplace_back(name_of(kind));
  names.insert(names.end(), kinds.begin(), kinds.end());
  throw UserError({{}, "--topology"},
                  fmt::format("unknown topology \"{}\"{}", what, did_you_mean(what, names)),
                  fmt::format("accepted: a file (with / or .json in its name), one of {}, or with "
                              "--ranks, --bandwidth and --latency one of {}",
                              shipped_names, join(kinds, ", ")));
}

Topology find_topology(std::string_view what) { return load_topology(topology_file(what)); }

std::optional<TopologyKind> kind_named(std::string_view what) {
  for (const auto kind : topology_kinds()) {
    if (name_of(kind) == what) return kind;
  }
  return std::nullopt;
}

Topology choose_topology(const TopologyChoice& choice) {
  const auto kind = kind_named(choice.what);
  const auto refuse = [&](bool given, std::string_view option) {
    if (given == kind.has_value()) return;
    if (given) {
      throw UserError(
          {{}, std::string(option)},
          fmt::format("stands beside the topology \"{}\", which has its own", choice.what),
          "it is accepted with a bare kind of topology, such as --topology ring");
    }
    throw UserError({{}, "--topology"},
                    fmt::format("the bare kind \"{}\" stands without {}", choice.what, option),
                    "with a bare kind --ranks, --bandwidth and --latency are accepted, all three",
                    fmt::format("add {}", option));
  };
  if (kind) refuse(choice.ranks.has_value(), "--ranks");
  refuse(choice.bandwidth.has_value(), "--bandwidth");
  refuse(choice.latency.has_value(), "--latency");
  if (!kind) return find_topology(choice.what);
  return make_uniform(*kind, *choice.ranks, *choice.bandwidth, *choice.latency);
}

}  // namespace ringsim
