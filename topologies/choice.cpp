// The command line's choice of a topology: a file, a shipped one or a kind.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "topologies/kinds/kind.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

namespace ringsim {

std::vector<std::string> topology_kind_names() {
  std::vector<std::string> names;
  for (const auto* kind : topology_kinds()) names.emplace_back(kind->name);
  return names;
}

const TopologyKindDefinition* kind_named(std::string_view name) {
  for (const auto* kind : topology_kinds()) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

Topology make_uniform(const TopologyKindDefinition& kind, std::uint32_t ranks,
                      BytesPerSecond bandwidth, Seconds latency) {
  if (!kind.uniform.fits(ranks) || ranks > most_hosts) {
    throw UserError(option_place("ranks"), fmt::format("found {}", ranks),
                    fmt::format("for a uniform {} topology {} to {} is accepted", kind.name,
                                kind.uniform.accepted, most_hosts),
                    std::string(kind.uniform.fix));
  }
  return {kind, fmt::format("{}{}", kind.name, ranks),
          kind.uniform.make(ranks, {{}, bandwidth, latency})};
}

Topology choose_topology(const TopologyChoice& choice) {
  const auto* kind = kind_named(choice.what);
  const auto refuse = [&](bool given, std::string_view option) {
    if (given == (kind != nullptr)) return;
    if (given) {
      throw UserError(
          option_place(option),
          fmt::format("stands beside the topology \"{}\", which has its own", choice.what),
          "it is accepted with a bare kind of topology, such as `topology` ring");
    }
    throw UserError(
        option_place("topology"),
        fmt::format("the bare kind \"{}\" stands without {}", choice.what, option_word(option)),
        "with a bare kind `ranks`, `bandwidth` and `latency` are accepted, all three",
        fmt::format("add {}", option_word(option)));
  };
  if (kind != nullptr) refuse(choice.ranks.has_value(), "ranks");
  refuse(choice.bandwidth.has_value(), "bandwidth");
  refuse(choice.latency.has_value(), "latency");
  if (kind == nullptr) return find_topology(choice.what);
  return make_uniform(*kind, *choice.ranks, *choice.bandwidth, *choice.latency);
}

}  // namespace ringsim
