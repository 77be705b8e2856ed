#include "base/error.hpp"
#include "topologies/reader.hpp"

#include <fmt/format.h>

#include <set>

namespace ringsim {
namespace {

/// One entry per host.
std::vector<Link> listed_cables(const JsonValue& value, std::string_view default_name) {
  const auto entries = value.array("a list of links, one per host, is accepted");
  if (entries.size() < 2 || entries.size() > most_hosts) {
    throw UserError(
        value.place(),
        fmt::format("found {} {}", entries.size(), entries.size() == 1 ? "link" : "links"),
        fmt::format("2 to {} hosts, with a link each, are accepted", most_hosts));
  }
  std::vector<Link> links;
  std::set<std::string> names;
  for (const auto& entry : entries) {
    links.push_back(read_named_link(entry, fmt::format("{}{}", default_name, links.size())));
    if (names.insert(links.back().name).second) continue;
    throw UserError(entry.place(), fmt::format("the name \"{}\" stands twice", links.back().name),
                    "a name of its own for each link", "rename one of the two");
  }
  return links;
}

constexpr std::uint64_t most_uplinks = 1 << 22;

std::string read_name(const JsonObject& object) {
  return object["name"].string("a name is accepted");
}

std::optional<Link> read_backbone(const JsonObject& object) {
  const auto value = object.find("backbone");
  if (!value) return std::nullopt;
  Link link = read_link(*value);
  link.name = "backbone";
  return link;
}

std::uint32_t count(const JsonObject& object, std::string_view key, std::uint64_t least) {
  return static_cast<std::uint32_t>(object[key].integer(least, most_hosts));
}

void check_hosts(const JsonValue& first, std::uint64_t hosts) {
  if (hosts >= 2 && hosts <= most_hosts) return;
  throw UserError(first.place(), fmt::format("makes {} {}", hosts, hosts == 1 ? "host" : "hosts"),
                  fmt::format("2 to {} hosts in all are accepted", most_hosts));
}

NicPlacement read_placement(const JsonValue& value) {
  const std::string text = value.string("\"per-node\" or \"per-gpu\" is accepted");
  if (text == "per-node") return NicPlacement::per_node;
  if (text == "per-gpu") return NicPlacement::per_gpu;
  value.wrong("\"per-node\" or \"per-gpu\" is accepted");
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

}  // namespace

std::vector<Link> read_cables(const JsonObject& object, std::string_view default_name) {
  const auto listed = object.find("links");
  if (!listed) {
    std::vector<Link> links(object["hosts"].integer(2, most_hosts), read_link(object["link"]));
    for (std::size_t i = 0; i < links.size(); ++i)
      links[i].name = fmt::format("{}{}", default_name, i);
    return links;
  }
  if (object.find("hosts") || object.find("link")) {
    throw UserError(listed->place(), "\"links\" stands beside \"hosts\" or \"link\"",
                    "either \"hosts\" and \"link\" (all links alike), or \"links\" (one entry per "
                    "link) is accepted",
                    "remove one of the two");
  }
  return listed_cables(*listed, default_name);
}

Topology read_ring(const JsonValue& root) {
  const auto object = root.object({"$schema", "name", "description", "kind", "hosts", "link",
                                   "links", "link_exceptions", "host", "host_exceptions"});
  return Topology::ring(read_name(object), read_cables(object, "link"));
}

Topology read_star(const JsonValue& root) {
  const auto object =
      root.object({"$schema", "name", "description", "kind", "hosts", "link", "links", "backbone",
                   "link_exceptions", "host", "host_exceptions"});
  return Topology::star(read_name(object), read_cables(object, "host"), read_backbone(object));
}

Topology read_hierarchical(const JsonValue& root) {
  const auto object =
      root.object({"$schema", "name", "description", "kind", "nodes", "gpus_per_node", "inner",
                   "nic", "nics", "backbone", "link_exceptions", "host", "host_exceptions"});
  const std::uint32_t nodes = count(object, "nodes", 1), gpus = count(object, "gpus_per_node", 1);
  check_hosts(object["nodes"], std::uint64_t{nodes} * gpus);
  return Topology::hierarchical(read_name(object),
                                {nodes, gpus, read_link(object["inner"]), read_link(object["nic"]),
                                 read_placement(object["nics"]), read_backbone(object)});
}

Topology read_fat_tree(const JsonValue& root) {
  const auto object = root.object({"$schema", "name", "description", "kind", "leaves",
                                   "hosts_per_leaf", "spines", "link", "uplink", "oversubscription",
                                   "link_exceptions", "host", "host_exceptions"});
  const std::uint32_t leaves = count(object, "leaves", 1),
                      hosts = count(object, "hosts_per_leaf", 1);
  check_hosts(object["leaves"], std::uint64_t{leaves} * hosts);
  const auto spines =
      static_cast<std::uint32_t>(object["spines"].integer(1, most_uplinks / leaves));
  const Link link = read_link(object["link"]);
  return Topology::fat_tree(
      read_name(object), {leaves, hosts, spines, link, read_uplink(object, link, hosts, spines)});
}

}  // namespace ringsim
