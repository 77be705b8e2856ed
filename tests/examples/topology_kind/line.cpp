// Hosts in a row: a ring without the cable from the last one back to the first.
#include "topologies/kinds/parts.hpp"
#include "topologies/reader.hpp"

#include <array>

namespace ringsim {
namespace {

class Line final : public Shape {
 public:
  explicit Line(std::uint32_t hosts) : hosts_(hosts) {}

  std::uint32_t hosts() const override { return hosts_; }

  std::vector<LinkId> way(Rank source, Rank target) const override {
    std::vector<LinkId> links;
    // Link i leads from host i to host i+1; after all of these, the way back over the same cable.
    for (Rank at = source; at < target; ++at) links.push_back(at);
    for (Rank at = source; at > target; --at) links.push_back(hosts_ - 1 + at - 1);
    return links;
  }

 private:
  std::uint32_t hosts_;
};

Wiring wire(std::uint32_t hosts, const Link& link) {
  Wiring wiring{{}, std::make_shared<Line>(hosts)};
  add_duplex(wiring.links, numbered(link, "cable", hosts - 1));
  return wiring;
}

constexpr std::array<TopologyKey, 2> keys = {{
    {"hosts", R"({"type": "integer", "minimum": 2, "maximum": 1048576,
                  "description": "Number of hosts; one GPU each."})"},
    {"link", R"({"$ref": "#/definitions/link"})"},
}};

}  // namespace

extern const TopologyKindDefinition line_kind;
const TopologyKindDefinition line_kind = {
    .name = "line",
    .description = "hosts in a row, a cable from each to the next",
    .keys = keys,
    .conditions = "{}",
    .read =
        [](const JsonObject& object) {
          return wire(read_count(object, "hosts", 2), read_link(object["link"]));
        },
    .uniform = {.fits = [](std::uint32_t ranks) { return ranks >= 2; },
                .accepted = "2",
                .fix = {},
                .make = wire}};

}  // namespace ringsim
