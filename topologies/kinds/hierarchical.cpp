#include "topologies/kinds/hierarchical.hpp"

#include "topologies/kinds/parts.hpp"
#include "topologies/reader.hpp"

#include <array>

namespace ringsim {
namespace {

class Hierarchical final : public Shape {
 public:
  explicit Hierarchical(const NodesOfGpus& nodes)
      : hosts_(nodes.nodes * nodes.gpus_per_node),
        gpus_per_node_(nodes.gpus_per_node),
        placement_(nodes.placement),
        cards_(placement_ == NicPlacement::per_node ? nodes.nodes : hosts_),
        has_backbone_(nodes.backbone.has_value()) {}

  std::uint32_t hosts() const override { return hosts_; }
  std::uint32_t gpus_per_node() const override { return gpus_per_node_; }
  bool has_card_per_gpu() const override { return placement_ == NicPlacement::per_gpu; }
  std::uint32_t cards() const { return cards_; }

  std::vector<LinkId> way(Rank source, Rank target) const override {
    const LinkId up = source, down = hosts_ + target;
    const Rank source_node = source / gpus_per_node_, target_node = target / gpus_per_node_;
    if (source_node == target_node) return {up, down};
    const bool by_node = placement_ == NicPlacement::per_node;
    const LinkId cards_up = 2 * hosts_, cards_down = cards_up + cards_;
    std::vector<LinkId> links;
    if (by_node) links.push_back(up);
    links.push_back(cards_up + (by_node ? source_node : source));
    if (has_backbone_) links.push_back(cards_down + cards_);
    links.push_back(cards_down + (by_node ? target_node : target));
    if (by_node) links.push_back(down);
    return links;
  }

 private:
  std::uint32_t hosts_, gpus_per_node_;
  NicPlacement placement_;
  std::uint32_t cards_;
  bool has_backbone_;
};

Wiring wire(const NodesOfGpus& nodes) {
  const auto shape = std::make_shared<Hierarchical>(nodes);
  Wiring wiring{{}, shape};
  add_duplex(wiring.links, numbered(nodes.inner, "gpu", shape->hosts()));
  add_duplex(wiring.links, numbered(nodes.nic, "nic", shape->cards()));
  if (nodes.backbone) wiring.links.push_back(*nodes.backbone);
  return wiring;
}

NicPlacement read_placement(const JsonValue& value) {
  constexpr std::string_view accepted = "\"per-node\" or \"per-gpu\" is accepted";
  const std::string text = value.string(accepted);
  if (text == "per-node") return NicPlacement::per_node;
  if (text == "per-gpu") return NicPlacement::per_gpu;
  value.wrong(accepted);
}

Wiring read(const JsonObject& object) {
  const auto nodes = read_count(object, "nodes"), gpus = read_count(object, "gpus_per_node");
  check_hosts(object["nodes"].place(), std::uint64_t{nodes} * gpus);
  return wire({.nodes = nodes,
               .gpus_per_node = gpus,
               .inner = read_link(object["inner"]),
               .nic = read_link(object["nic"]),
               .placement = read_placement(object["nics"]),
               .backbone = read_backbone(object)});
}

Wiring make_uniform(std::uint32_t ranks, const Link& link) {
  return wire({.nodes = ranks / uniform_group,
               .gpus_per_node = uniform_group,
               .inner = link,
               .nic = link,
               .placement = NicPlacement::per_gpu,
               .backbone = {}});
}

constexpr std::array<TopologyKey, 6> keys = {{
    {"nodes",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "Number of nodes."})"},
    {"gpus_per_node",
     R"({"type": "integer", "minimum": 1, "maximum": 1048576, "description": "GPUs of a node."})"},
    {"inner", R"({"$ref": "#/definitions/link"})"},
    {"nic", R"({"$ref": "#/definitions/link"})"},
    {"nics",
     R"({"enum": ["per-node", "per-gpu"], "description": "Whether the GPUs of a node share a network card."})"},
    backbone_key,
}};

}  // namespace

extern const TopologyKindDefinition hierarchical_kind;
const TopologyKindDefinition hierarchical_kind = {
    .name = "hierarchical",
    .description = "nodes of GPUs, with network cards per node or per GPU",
    .keys = keys,
    .conditions = "{}",
    .read = read,
    .uniform = {.fits = is_whole_groups,
                .accepted = whole_groups,
                .fix = "write a topology file for other groups",
                .make = make_uniform}};

Topology hierarchical_topology(std::string name, const NodesOfGpus& nodes) {
  return {hierarchical_kind, std::move(name), wire(nodes)};
}

}  // namespace ringsim
