#pragma once
// Keys, readers and links that several kinds have in common.
#include "topologies/kinds/kind.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace ringsim {

/// How many cables between switches a topology may have.
constexpr std::uint64_t most_cables = 1 << 22;

// Keys of kinds that have one cable for each host: "hosts" and "link" (all alike), or "links" (one
// entry each).
constexpr TopologyKey hosts_key = {
    "hosts",
    R"({"type": "integer", "minimum": 2, "maximum": 1048576, "description": "Number of hosts; one GPU each."})",
    false};
constexpr TopologyKey link_key = {"link", R"({"$ref": "#/definitions/link"})", false};
constexpr TopologyKey links_key = {
    "links",
    R"({"type": "array", "minItems": 2, "maxItems": 1048576, "items": {"$ref": "#/definitions/named_link"},
        "description": "One entry per host. In a ring entry i leads from host i to host i+1, the last one back to host 0."})",
    false};
constexpr std::string_view cables_conditions = R"({"oneOf": [
    {"required": ["hosts", "link"], "not": {"required": ["links"]}},
    {"required": ["links"], "not": {"anyOf": [{"required": ["hosts"]}, {"required": ["link"]}]}}]})";
/// The cables that these keys describe. Unnamed ones get `default_name` and their number.
std::vector<Link> read_cables(const JsonObject& object, std::string_view default_name);

constexpr TopologyKey backbone_key = {"backbone", R"({"$ref": "#/definitions/link"})", false};
std::optional<Link> read_backbone(const JsonObject& object);

/// A whole number from `least` to the most hosts.
std::uint32_t read_count(const JsonObject& object, std::string_view key, std::uint64_t least = 1);
/// Throws UserError at `place` where these are no 2 to most_hosts hosts.
void check_hosts(const Place& place, std::uint64_t hosts);

/// `count` links like `link` with the names NAME0, NAME1, ...
std::vector<Link> numbered(const Link& link, std::string_view name, std::uint32_t count);
/// Adds for each of `cables` a link NAME + suffix.
void add_links(std::vector<Link>& links, const std::vector<Link>& cables, std::string_view suffix);
/// Adds for each of `cables` a link "NAME:up", and after all of them for each a link "NAME:down".
void add_duplex(std::vector<Link>& links, const std::vector<Link>& cables);

/// The uniform form of kinds that join hosts in groups: a multiple of 8 hosts, 16 at least.
constexpr std::uint32_t uniform_group = 8;
constexpr std::string_view whole_groups = "a multiple of 8 from 16";
bool is_whole_groups(std::uint32_t ranks);

/// A number as a product of two, as near to each other as can be: {the smaller, the larger}.
struct Factors {
  std::uint32_t smaller, larger;
};
Factors nearest_factors(std::uint32_t number);

}  // namespace ringsim
