#include "topologies/import/network.hpp"

#include <fmt/format.h>

namespace ringsim::import {
namespace {

constexpr std::uint64_t most_listed_hosts = 2048;

}  // namespace

std::uint32_t Network::add(NetworkLink link) {
  links.push_back(std::move(link));
  return static_cast<std::uint32_t>(links.size() - 1);
}

void check_hosts(std::uint64_t hosts, const Place& place) {
  if (hosts >= 2 && hosts <= most_listed_hosts) return;
  throw UserError(place, fmt::format("found {} host{}", hosts, hosts == 1 ? "" : "s"),
                  fmt::format("2 to {} hosts are accepted", most_listed_hosts));
}

Json::Object beginning(const std::string& name, const std::string& description,
                       std::string_view kind) {
  return {{"name", name}, {"description", description}, {"kind", std::string(kind)}};
}

Json::Object link_json(BytesPerSecond bandwidth, Seconds latency) {
  return {{"bandwidth", fmt::format("{}Bps", bandwidth.value)},
          {"latency", fmt::format("{}s", latency.value)}};
}

Json routes_file(const Network& network, const std::string& name, const std::string& description) {
  auto file = beginning(name, description, "routes");
  file.emplace_back("hosts", network.hosts);
  if (network.gpus_per_node > 1) {
    file.emplace_back("gpus_per_node", network.gpus_per_node);
    file.emplace_back("nics", network.has_card_per_gpu ? "per-gpu" : "per-node");
  }
  Json::Array links, routes;
  for (const auto& link : network.links) {
    Json::Object entry = {{"link", link.name}};
    for (auto& member : link_json(link.bandwidth, link.latency)) entry.push_back(std::move(member));
    entry.insert(entry.end(), link.more.begin(), link.more.end());
    links.emplace_back(std::move(entry));
  }
  for (Rank source = 0; source < network.hosts; ++source) {
    for (Rank target = 0; target < network.hosts; ++target) {
      if (source == target) continue;
      Json::Array way;
      for (const auto link : network.ways[std::size_t{source} * network.hosts + target])
        way.emplace_back(network.links[link].name);
      routes.emplace_back(
          Json::Object{{"from", source}, {"to", target}, {"links", std::move(way)}});
    }
  }
  file.emplace_back("links", std::move(links));
  file.emplace_back("routes", std::move(routes));
  if (!network.host_exceptions.empty())
    file.emplace_back("host_exceptions", network.host_exceptions);
  return file;
}

}  // namespace ringsim::import
