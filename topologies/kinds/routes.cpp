// Any network: its links, and the way of every pair of hosts, as files of other programs say them.
#include "base/error.hpp"
#include "topologies/kinds/parts.hpp"
#include "topologies/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

namespace ringsim {
namespace {

/// Every pair of hosts has a route in the file.
constexpr std::uint32_t most_listed_hosts = 2048;

struct Nodes {
  std::uint32_t gpus = 1;
  bool has_card_per_gpu = true;
};

class Routes final : public Shape {
 public:
  Routes(std::uint32_t hosts, std::vector<std::vector<LinkId>> ways, Nodes nodes)
      : hosts_(hosts), ways_(std::move(ways)), nodes_(nodes) {}

  std::uint32_t hosts() const override { return hosts_; }
  std::vector<LinkId> way(Rank source, Rank target) const override {
    return ways_[std::size_t{source} * hosts_ + target];
  }
  std::uint32_t gpus_per_node() const override { return nodes_.gpus; }
  bool has_card_per_gpu() const override { return nodes_.has_card_per_gpu; }

 private:
  std::uint32_t hosts_;
  std::vector<std::vector<LinkId>> ways_;
  Nodes nodes_;
};

/// The uniform form: each host has a cable, which its messages pass; nothing else is shared.
class Access final : public Shape {
 public:
  explicit Access(std::uint32_t hosts) : hosts_(hosts) {}
  std::uint32_t hosts() const override { return hosts_; }
  std::vector<LinkId> way(Rank source, Rank target) const override {
    return {source, hosts_ + target};
  }

 private:
  std::uint32_t hosts_;
};

Wiring make_access(std::uint32_t ranks, const Link& link) {
  Wiring wiring{{}, std::make_shared<Access>(ranks)};
  add_duplex(wiring.links, numbered(link, "host", ranks));
  return wiring;
}

using LinkIds = std::unordered_map<std::string, LinkId>;

LinkIds read_links(const JsonValue& value, std::vector<Link>& links) {
  constexpr std::string_view accepted = "a list of links, each in one direction, is accepted";
  LinkIds ids;
  for (const auto& entry : value.array(accepted)) {
    links.push_back(read_link_exception(entry));
    if (ids.emplace(links.back().name, links.size() - 1).second) continue;
    throw UserError(entry.place().member("link"),
                    fmt::format("the link \"{}\" stands twice", links.back().name),
                    "a name of its own for each link is accepted", "rename one of the two");
  }
  if (links.empty()) throw UserError(value.place(), "found an empty list", std::string(accepted));
  return ids;
}

std::vector<LinkId> read_way(const JsonValue& value, const LinkIds& ids) {
  constexpr std::string_view accepted = "the names of the links in their order are accepted";
  std::vector<LinkId> way;
  for (const auto& entry : value.array(accepted)) {
    const auto found = ids.find(entry.string("the name of a link is accepted"));
    if (found == ids.end()) entry.wrong("the name of one of \"links\" is accepted");
    if (std::ranges::find(way, found->second) != way.end())
      entry.wrong("each link once in a route is accepted", "leave out the way round");
    way.push_back(found->second);
  }
  if (way.empty()) throw UserError(value.place(), "found an empty list", std::string(accepted));
  return way;
}

std::vector<std::vector<LinkId>> read_routes(const JsonValue& value, std::uint32_t hosts,
                                             const LinkIds& ids) {
  std::vector<std::vector<LinkId>> ways(std::size_t{hosts} * hosts);
  for (const auto& entry : value.array("a list of routes, one of each pair, is accepted")) {
    const auto route = entry.object({"from", "to", "links"});
    const auto from = route["from"].integer(0, hosts - 1), to = route["to"].integer(0, hosts - 1);
    if (from == to) route["to"].wrong("another host than \"from\" is accepted");
    auto& way = ways[from * hosts + to];
    if (!way.empty()) {
      throw UserError(entry.place(), fmt::format("the route from {} to {} stands twice", from, to),
                      "one route of each pair is accepted", "remove one of the two");
    }
    way = read_way(route["links"], ids);
  }
  for (std::uint32_t from = 0; from < hosts; ++from) {
    for (std::uint32_t to = 0; to < hosts; ++to) {
      if (from == to || !ways[std::size_t{from} * hosts + to].empty()) continue;
      throw UserError(value.place(), fmt::format("the route from {} to {} is missing", from, to),
                      "a route of each pair, in both directions, is accepted", "add it");
    }
  }
  return ways;
}

Nodes read_nodes(const JsonObject& object, std::uint32_t hosts) {
  Nodes nodes;
  const auto gpus = object.find("gpus_per_node"), cards = object.find("nics");
  if (gpus) {
    nodes.gpus = static_cast<std::uint32_t>(gpus->integer(1, hosts));
    if (hosts % nodes.gpus != 0)
      gpus->wrong(fmt::format("a divisor of the {} hosts is accepted", hosts));
  }
  if (!cards) return nodes;
  constexpr std::string_view accepted = "per-node or per-gpu is accepted";
  const auto text = cards->string(accepted);
  if (text != "per-node" && text != "per-gpu") cards->wrong(accepted);
  nodes.has_card_per_gpu = text == "per-gpu";
  return nodes;
}

Wiring read(const JsonObject& object) {
  Wiring wiring;
  const auto hosts = static_cast<std::uint32_t>(object["hosts"].integer(2, most_listed_hosts));
  const auto ids = read_links(object["links"], wiring.links);
  wiring.shape = std::make_shared<Routes>(hosts, read_routes(object["routes"], hosts, ids),
                                          read_nodes(object, hosts));
  return wiring;
}

constexpr std::array<TopologyKey, 5> keys = {{
    {"hosts",
     R"({"type": "integer", "minimum": 2, "maximum": 2048, "description": "Number of hosts; one GPU each."})"},
    {"links",
     R"({"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/link_exception"},
         "description": "Links, each in one direction."})"},
    {"routes",
     R"({"type": "array", "minItems": 2, "description": "The way of every pair of hosts.",
         "items": {"type": "object",
                   "properties": {"from": {"type": "integer", "minimum": 0}, "to": {"type": "integer", "minimum": 0},
                                  "links": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
                   "required": ["from", "to", "links"], "additionalProperties": false}})"},
    {"gpus_per_node",
     R"({"type": "integer", "minimum": 1,
         "description": "Hosts that share a node, as a collective sees them; default 1."})",
     false},
    {"nics",
     R"({"enum": ["per-node", "per-gpu"],
         "description": "Whether each GPU of a node has a card of its own; default per-gpu."})",
     false},
}};

}  // namespace

extern const TopologyKindDefinition routes_kind;
const TopologyKindDefinition routes_kind = {
    .name = "routes",
    .description = "any links, with the route of every pair of hosts",
    .keys = keys,
    .conditions = "{}",
    .read = read,
    .uniform = {.fits = [](std::uint32_t ranks) { return ranks >= 2; },
                .accepted = "2",
                .fix = {},
                .make = make_access}};

}  // namespace ringsim
