#include "topologies/kinds/fat_tree.hpp"

#include "base/error.hpp"
#include "topologies/kinds/parts.hpp"
#include "topologies/reader.hpp"

#include <fmt/format.h>

#include <array>

namespace ringsim {
namespace {

class FatTree final : public Shape {
 public:
  explicit FatTree(const LeavesAndSpines& tree)
      : leaves_(tree.leaves), hosts_per_leaf_(tree.hosts_per_leaf), spines_(tree.spines) {}

  std::uint32_t hosts() const override { return leaves_ * hosts_per_leaf_; }

  std::vector<LinkId> way(Rank source, Rank target) const override {
    const std::uint32_t from = source / hosts_per_leaf_, to = target / hosts_per_leaf_;
    if (from == to) return {source, hosts() + target};
    const std::uint32_t spine = target % spines_, uplinks = leaves_ * spines_;
    return {source, 2 * hosts() + from * spines_ + spine,
            2 * hosts() + uplinks + to * spines_ + spine, hosts() + target};
  }

 private:
  std::uint32_t leaves_, hosts_per_leaf_, spines_;
};

Wiring wire(const LeavesAndSpines& tree) {
  Wiring wiring{{}, std::make_shared<FatTree>(tree)};
  add_duplex(wiring.links, numbered(tree.link, "host", wiring.shape->hosts()));
  std::vector<Link> uplinks;
  for (std::uint32_t leaf = 0; leaf < tree.leaves; ++leaf) {
    for (std::uint32_t spine = 0; spine < tree.spines; ++spine) {
      uplinks.push_back(tree.uplink);
      uplinks.back().name = fmt::format("leaf{}-spine{}", leaf, spine);
    }
  }
  add_duplex(wiring.links, uplinks);
  return wiring;
}

/// The uplink as given, or one whose bandwidth follows from the oversubscription.
Link read_uplink(const JsonObject& object, const Link& link, std::uint32_t hosts_per_leaf,
                 std::uint32_t spines) {
  const auto uplink = object.find("uplink"), oversubscription = object.find("oversubscription");
  if (uplink.has_value() == oversubscription.has_value()) {
    throw UserError(object.place(),
                    uplink ? "\"uplink\" stands beside \"oversubscription\""
                           : "neither \"uplink\" nor \"oversubscription\" is there",
                    "one of the two is accepted");
  }
  if (uplink) return read_link(*uplink);
  const double ratio = oversubscription->number(0.01, 1000);
  return {{}, link.bandwidth * (hosts_per_leaf / (ratio * spines)), link.latency};
}

Wiring read(const JsonObject& object) {
  const auto leaves = read_count(object, "leaves"), hosts = read_count(object, "hosts_per_leaf");
  check_hosts(object["leaves"].place(), std::uint64_t{leaves} * hosts);
  const auto spines = static_cast<std::uint32_t>(object["spines"].integer(1, most_cables / leaves));
  const Link link = read_link(object["link"]);
  return wire({leaves, hosts, spines, link, read_uplink(object, link, hosts, spines)});
}

constexpr std::array<TopologyKey, 6> keys = {{
    {"leaves",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Number of leaf switches."})"},
    {"hosts_per_leaf",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Hosts at a leaf; one GPU each."})"},
    {"spines",
     R"({"type": "integer", "minimum": 1, "maximum": 4194304,
         "description": "Number of spine switches; each leaf has a link to each."})"},
    {"link", R"({"$ref": "#/definitions/link"})"},
    {"uplink", R"({"$ref": "#/definitions/link"})", false},
    {"oversubscription",
     R"({"type": "number", "minimum": 0.01, "maximum": 1000,
         "description": "Bandwidth of a leaf's hosts over that of its uplinks."})",
     false},
}};

}  // namespace

extern const TopologyKindDefinition fat_tree_kind;
const TopologyKindDefinition fat_tree_kind = {
    .name = "fat-tree",
    .description = "two levels of switches, leaves and spines",
    .keys = keys,
    .conditions = R"({"oneOf": [{"required": ["uplink"]}, {"required": ["oversubscription"]}]})",
    .read = read,
    .uniform = {.fits = is_whole_groups,
                .accepted = whole_groups,
                .fix = "write a topology file for other groups",
                .make = [](std::uint32_t ranks, const Link& link) {
                  return wire({ranks / uniform_group, uniform_group, uniform_group, link, link});
                }}};

Topology fat_tree_topology(std::string name, const LeavesAndSpines& tree) {
  return {fat_tree_kind, std::move(name), wire(tree)};
}

}  // namespace ringsim
