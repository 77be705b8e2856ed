#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

#include <set>

namespace ringsim {
namespace {

constexpr std::uint64_t largest_ring = 1 << 20;

Link read_link(const JsonValue& value, std::string name) {
  const auto object = value.object({"name", "bandwidth", "latency"});
  if (const auto given = object.find("name")) {
    name = given->string("a name is accepted");
    if (name.empty() || name.find(':') != std::string::npos) {
      given->wrong("a name that is not empty and has no colon is accepted");
    }
  }
  return {std::move(name), object["bandwidth"].bandwidth(), object["latency"].seconds()};
}

std::string default_name(std::size_t index) { return fmt::format("link{}", index); }

/// One entry per link.
std::vector<Link> read_links(const JsonValue& value) {
  const auto entries = value.array("a list of links, one per host, is accepted");
  if (entries.size() < 2 || entries.size() > largest_ring) {
    throw UserError(
        value.place(),
        fmt::format("found {} {}", entries.size(), entries.size() == 1 ? "link" : "links"),
        fmt::format("a ring of 2 to {} hosts, with a link each, is accepted", largest_ring));
  }
  std::vector<Link> links;
  std::set<std::string> names;
  for (const auto& entry : entries) {
    links.push_back(read_link(entry, default_name(links.size())));
    if (names.insert(links.back().name).second) continue;
    throw UserError(entry.place(), fmt::format("the name \"{}\" stands twice", links.back().name),
                    "a name of its own for each link", "rename one of the two");
  }
  return links;
}

/// All links alike.
std::vector<Link> uniform_links(const JsonObject& object) {
  const auto hosts = object["hosts"].integer(2, largest_ring);
  const auto value = object["link"];
  const Link link = read_link(value, {});
  if (!link.name.empty()) {
    throw UserError(value.place().member("name"), "a name for all links alike",
                    "names are accepted in \"links\", where each link has its entry");
  }
  std::vector<Link> links(hosts, link);
  for (std::size_t i = 0; i < links.size(); ++i) links[i].name = default_name(i);
  return links;
}

Topology read_ring(const JsonValue& root) {
  const auto object =
      root.object({"$schema", "name", "description", "kind", "hosts", "link", "links"});
  const auto links = object.find("links");
  if (links && (object.find("hosts") || object.find("link"))) {
    throw UserError(links->place(), "\"links\" stands beside \"hosts\" or \"link\"",
                    "either \"hosts\" and \"link\" (all links alike), or \"links\" (one entry per "
                    "link) is accepted",
                    "remove one of the two");
  }
  const std::string name = object["name"].string("a name is accepted");
  return Topology::ring(name, links ? read_links(*links) : uniform_links(object));
}

}  // namespace

Topology load_topology(const std::filesystem::path& path) {
  const auto root = load_json(path);
  const auto kind = root.find("kind");
  if (!kind)
    throw UserError(root.place(), "the key \"kind\" is missing", "accepted: ring",
                    "add \"kind\": \"ring\"");
  const std::vector<std::string> kinds = {std::string(name_of(TopologyKind::ring))};
  const std::string kind_name = kind->string("accepted: ring");
  if (kind_name != kinds.front()) {
    kind->wrong("accepted: " + join(kinds, ", "));
  }
  Topology topology = read_ring(root);
  if (const auto schema = root.find("$schema"))
    schema->string("the path of a JSON Schema is accepted");
  if (const auto description = root.find("description")) {
    topology.set_description(description->string("a text is accepted"));
  }
  return topology;
}

}  // namespace ringsim
