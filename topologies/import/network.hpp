#pragma once
// What the readers of foreign files have in common.
#include "base/error.hpp"
#include "base/rank.hpp"
#include "topologies/import/request.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim::import {

struct NetworkLink {
  std::string name;
  BytesPerSecond bandwidth;
  Seconds latency;
  Json::Object more = {};  ///< further keys of the topology file's link
};

/// Links, and the way of every pair of hosts.
struct Network {
  explicit Network(std::uint32_t count) : hosts(count), ways(std::size_t{count} * count) {}

  std::uint32_t add(NetworkLink link);
  std::vector<std::uint32_t>& way(Rank source, Rank target) {
    return ways[std::size_t{source} * hosts + target];
  }

  std::uint32_t hosts;
  std::vector<NetworkLink> links = {};
  std::vector<std::vector<std::uint32_t>> ways;  ///< indices of links, by source and target
  std::uint32_t gpus_per_node = 1;
  bool has_card_per_gpu = true;
  Json::Array host_exceptions = {};
};

/// Throws UserError where there are fewer hosts than 2 or more than a list of routes may have.
void check_hosts(std::uint64_t hosts, const Place& place);

/// "name", "description" and "kind": how a topology file begins.
Json::Object beginning(const std::string& name, const std::string& description,
                       std::string_view kind);
/// The keys "bandwidth" and "latency" of a link, exactly.
Json::Object link_json(BytesPerSecond bandwidth, Seconds latency);
/// A file of the kind "routes".
Json routes_file(const Network& network, const std::string& name, const std::string& description);

ImportedTopology read_simgrid(const std::string& text, const NetworkImport& request);
ImportedTopology read_astra_sim(const std::string& text, const NetworkImport& request);
bool is_topology_matrix(std::string_view text);
ImportedTopology read_topology_matrix(const std::string& text, const NetworkImport& request);

}  // namespace ringsim::import
