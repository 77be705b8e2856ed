#include "topologies/parser.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "topologies/reader.hpp"
#include "topologies/schema.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace ringsim {
namespace {

const TopologyKindDefinition& read_kind(const JsonValue& root) {
  const auto names = topology_kind_names();
  const std::string accepted = "accepted: " + join(names, ", ");
  const auto kind = root.find("kind");
  if (!kind) {
    throw UserError(root.place(), "the key \"kind\" is missing", accepted,
                    "add \"kind\": \"ring\"");
  }
  const std::string name = kind->string(accepted);
  if (const auto* known = kind_named(name)) return *known;
  throw UserError(kind->place(),
                  fmt::format("unknown kind \"{}\"{}", name, did_you_mean(name, names)), accepted);
}

/// The topology, without what every kind has (exceptions, hosts, ...).
Topology read_links(const JsonValue& root) {
  const auto& kind = read_kind(root);
  std::vector<std::string_view> keys;
  for (const auto& key : keys_of(kind)) keys.push_back(key.name);
  const auto object = root.object(keys);
  constexpr std::string_view accepted = "a name is accepted";
  auto name = object["name"].string(accepted);
  if (name.empty()) object["name"].wrong(accepted);
  return {kind, std::move(name), kind.read(object)};
}

void read_link_exceptions(const JsonValue& value, Topology& topology) {
  std::unordered_map<std::string, LinkId> ids;
  for (LinkId id = 0; id < topology.links().size(); ++id) ids[topology.links()[id].name] = id;
  std::vector<bool> has_one(topology.links().size());
  for (const auto& entry : value.array("a list of links is accepted")) {
    Link link = read_link_exception(entry);
    const auto found = ids.find(link.name);
    const Place place = entry.place().member("link");
    if (found == ids.end()) {
      std::vector<std::string> names;
      for (const auto& known : topology.links()) names.push_back(known.name);
      throw UserError(
          place, fmt::format("unknown link \"{}\"{}", link.name, did_you_mean(link.name, names)),
          "the name of a link of this topology is accepted", "ringsim topology show lists them");
    }
    if (has_one[found->second]) {
      throw UserError(place, fmt::format("the link \"{}\" stands twice", link.name),
                      "one exception for each link is accepted", "remove one of the two");
    }
    has_one[found->second] = true;
    topology.set_link(found->second, std::move(link));
  }
}

void read_host_exceptions(const JsonValue& value, const Host& common, Topology& topology) {
  std::vector<bool> has_one(topology.hosts());
  for (const auto& entry : value.array("a list of hosts is accepted")) {
    auto exception = read_host_exception(entry, common);
    const auto rank = static_cast<Rank>(exception.rank.integer(0, topology.hosts() - 1));
    if (has_one[rank]) {
      throw UserError(exception.rank.place(), fmt::format("host {} stands twice", rank),
                      "one exception for each host is accepted", "remove one of the two");
    }
    has_one[rank] = true;
    topology.set_host(rank, std::move(exception.host));
  }
}

}  // namespace

Topology parse_topology(const JsonValue& root) {
  Topology topology = read_links(root);
  if (const auto schema = root.find("$schema"))
    schema->string("the path of a JSON Schema is accepted");
  if (const auto description = root.find("description")) {
    topology.set_description(description->string("a text is accepted"));
  }
  if (const auto gpu = root.find("gpu"))
    topology.set_gpu(gpu->string("the name of a GPU (ringsim list gpus) is accepted"));
  if (const auto library = root.find("library")) {
    constexpr std::string_view accepted = "\"nccl\" is accepted";
    if (library->string(accepted) != "nccl") library->wrong(accepted);
    topology.set_library("nccl");
  }
  if (const auto nvls = root.find("nvls")) topology.set_nvls(nvls->bandwidth());
  if (const auto calibration = root.find("calibration"))
    topology.set_calibration(read_calibration_scope(*calibration));
  if (const auto links = root.find("link_exceptions")) read_link_exceptions(*links, topology);
  Host common;
  if (const auto host = root.find("host")) common = read_host(*host);
  topology.set_hosts(common);
  if (const auto hosts = root.find("host_exceptions")) {
    read_host_exceptions(*hosts, common, topology);
  }
  return topology;
}

Topology load_topology(const std::filesystem::path& path) {
  return parse_topology(load_json(path));
}

}  // namespace ringsim
