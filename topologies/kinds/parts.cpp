#include "topologies/kinds/parts.hpp"

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

}  // namespace

std::vector<Link> read_cables(const JsonObject& object, std::string_view default_name) {
  const auto listed = object.find("links");
  if (!listed) {
    const std::uint32_t hosts = read_count(object, "hosts", 2);
    return numbered(read_link(object["link"]), default_name, hosts);
  }
  if (object.find("hosts") || object.find("link")) {
    throw UserError(listed->place(), "\"links\" stands beside \"hosts\" or \"link\"",
                    "either \"hosts\" and \"link\" (all links alike), or \"links\" (one entry per "
                    "link) is accepted",
                    "remove one of the two");
  }
  return listed_cables(*listed, default_name);
}

std::optional<Link> read_backbone(const JsonObject& object) {
  const auto value = object.find("backbone");
  if (!value) return std::nullopt;
  Link link = read_link(*value);
  link.name = "backbone";
  return link;
}

std::uint32_t read_count(const JsonObject& object, std::string_view key, std::uint64_t least) {
  return static_cast<std::uint32_t>(object[key].integer(least, most_hosts));
}

void check_hosts(const Place& place, std::uint64_t hosts) {
  if (hosts >= 2 && hosts <= most_hosts) return;
  throw UserError(place, fmt::format("makes {} {}", hosts, hosts == 1 ? "host" : "hosts"),
                  fmt::format("2 to {} hosts in all are accepted", most_hosts));
}

std::vector<Link> numbered(const Link& link, std::string_view name, std::uint32_t count) {
  std::vector<Link> links(count, link);
  for (std::uint32_t i = 0; i < count; ++i) links[i].name = fmt::format("{}{}", name, i);
  return links;
}

void add_links(std::vector<Link>& links, const std::vector<Link>& cables, std::string_view suffix) {
  for (const auto& cable : cables) {
    links.push_back(cable);
    links.back().name += suffix;
  }
}

void add_duplex(std::vector<Link>& links, const std::vector<Link>& cables) {
  add_links(links, cables, ":up");
  add_links(links, cables, ":down");
}

bool is_whole_groups(std::uint32_t ranks) {
  return ranks % uniform_group == 0 && ranks >= 2 * uniform_group;
}

Factors nearest_factors(std::uint32_t number) {
  std::uint32_t smaller = 1;
  for (std::uint32_t i = 2; std::uint64_t{i} * i <= number; ++i) {
    if (number % i == 0) smaller = i;
  }
  return {smaller, number / smaller};
}

}  // namespace ringsim
