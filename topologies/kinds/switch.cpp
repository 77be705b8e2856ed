#include "topologies/kinds/switch.hpp"

#include "topologies/kinds/parts.hpp"

#include <array>

namespace ringsim {
namespace {

class Switch final : public Shape {
 public:
  Switch(std::size_t hosts, bool has_backbone)
      : hosts_(static_cast<std::uint32_t>(hosts)), has_backbone_(has_backbone) {}

  std::uint32_t hosts() const override { return hosts_; }

  std::vector<LinkId> way(Rank source, Rank target) const override {
    if (has_backbone_) return {source, 2 * hosts_, hosts_ + target};
    return {source, hosts_ + target};
  }

 private:
  std::uint32_t hosts_;
  bool has_backbone_;
};

Wiring wire(const std::vector<Link>& cables, std::optional<Link> backbone) {
  Wiring wiring{{}, std::make_shared<Switch>(cables.size(), backbone.has_value())};
  add_duplex(wiring.links, cables);
  if (backbone) wiring.links.push_back(*std::move(backbone));
  return wiring;
}

constexpr std::array keys = {hosts_key, link_key, links_key, backbone_key};

}  // namespace

extern const TopologyKindDefinition switch_kind;
const TopologyKindDefinition switch_kind = {
    .name = "switch",
    .description = "hosts round one switch",
    .keys = keys,
    .conditions = cables_conditions,
    .read =
        [](const JsonObject& object) {
          return wire(read_cables(object, "host"), read_backbone(object));
        },
    .uniform = {.fits = [](std::uint32_t ranks) { return ranks >= 2; },
                .accepted = "2",
                .fix = {},
                .make = [](std::uint32_t ranks,
                           const Link& link) { return wire(numbered(link, "host", ranks), {}); }}};

Topology switch_topology(std::string name, const std::vector<Link>& cables,
                         std::optional<Link> backbone) {
  return {switch_kind, std::move(name), wire(cables, std::move(backbone))};
}

}  // namespace ringsim
