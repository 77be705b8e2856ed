#include "topologies/kinds/ring.hpp"

#include "topologies/kinds/parts.hpp"

#include <array>

namespace ringsim {
namespace {

class Ring final : public Shape {
 public:
  explicit Ring(std::size_t hosts) : hosts_(static_cast<std::uint32_t>(hosts)) {}

  std::uint32_t hosts() const override { return hosts_; }

  std::vector<LinkId> way(Rank source, Rank target) const override {
    const std::uint32_t clockwise = (target + hosts_ - source) % hosts_;
    const bool forward = clockwise <= hosts_ - clockwise;
    std::vector<LinkId> links;
    for (Rank at = source; at != target;) {
      // Forward link i leads from i to i+1; the reverse of link i-1 leads from i to i-1.
      const Rank previous = (at + hosts_ - 1) % hosts_;
      links.push_back(forward ? at : hosts_ + previous);
      at = forward ? (at + 1) % hosts_ : previous;
    }
    return links;
  }

 private:
  std::uint32_t hosts_;
};

Wiring wire(const std::vector<Link>& forward) {
  Wiring wiring{{}, std::make_shared<Ring>(forward.size())};
  add_links(wiring.links, forward, "");
  add_links(wiring.links, forward, ":reverse");
  return wiring;
}

constexpr std::array keys = {hosts_key, link_key, links_key};

}  // namespace

extern const TopologyKindDefinition ring_kind;
const TopologyKindDefinition ring_kind = {
    .name = "ring",
    .description = "hosts in a ring, a cable to the next and one from the last back to the first",
    .keys = keys,
    .conditions = cables_conditions,
    .read = [](const JsonObject& object) { return wire(read_cables(object, "link")); },
    .uniform = {.fits = [](std::uint32_t ranks) { return ranks >= 2; },
                .accepted = "2",
                .fix = {},
                .make = [](std::uint32_t ranks,
                           const Link& link) { return wire(numbered(link, "link", ranks)); }}};

Topology ring_topology(std::string name, const std::vector<Link>& forward) {
  return {ring_kind, std::move(name), wire(forward)};
}

}  // namespace ringsim
