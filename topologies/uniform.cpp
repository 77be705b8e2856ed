#include "base/error.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

constexpr std::uint32_t group = 8;  ///< GPUs of a node, hosts of a leaf
constexpr std::uint32_t largest = 1 << 20;

void check_ranks(TopologyKind kind, std::uint32_t ranks) {
  const bool grouped = kind == TopologyKind::hierarchical || kind == TopologyKind::fat_tree;
  const bool fits = grouped ? ranks % group == 0 && ranks >= 2 * group : ranks >= 2;
  if (fits && ranks <= largest) return;
  throw UserError({{}, "--ranks"}, fmt::format("found {}", ranks),
                  fmt::format("for a uniform {} topology {} to {} is accepted", name_of(kind),
                              grouped ? fmt::format("a multiple of {} from {}", group, 2 * group)
                                      : std::string("2"),
                              largest),
                  grouped ? "write a topology file for other groups" : "");
}

}  // namespace

Topology make_uniform(TopologyKind kind, std::uint32_t ranks, BytesPerSecond bandwidth,
                      Seconds latency) {
  check_ranks(kind, ranks);
  const Link link{{}, bandwidth, latency};
  std::vector<Link> links;
  const auto number_links = [&](std::string_view name) {
    links.assign(ranks, link);
    for (std::uint32_t i = 0; i < ranks; ++i) links[i].name = fmt::format("{}{}", name, i);
  };
  const std::string name = fmt::format("{}{}", name_of(kind), ranks);
  switch (kind) {
    case TopologyKind::ring:
      number_links("link");
      return Topology::ring(name, links);
    case TopologyKind::star:
      number_links("host");
      return Topology::star(name, links);
    case TopologyKind::hierarchical:
      return Topology::hierarchical(
          name, {ranks / group, group, link, link, NicPlacement::per_gpu, std::nullopt});
    case TopologyKind::fat_tree:
      break;
  }
  return Topology::fat_tree(name, {ranks / group, group, group, link, link});
}

}  // namespace ringsim
