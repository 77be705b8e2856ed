#pragma once
// Reading the parts of a topology file (topologies/README.md) that several kinds share.
#include "base/json_reader.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ringsim {

constexpr std::uint64_t most_hosts = 1 << 20;

/// A link without a name of its own.
Link read_link(const JsonValue& value);
/// A link that may have a "name"; otherwise `name`.
Link read_named_link(const JsonValue& value, std::string name);
/// An entry of "link_exceptions"; the link's name is its "link".
Link read_link_exception(const JsonValue& value);

/// What "host" says of all hosts.
Host read_host(const JsonValue& value);
struct HostException {
  JsonValue rank;  ///< "host"
  Host host;
};
/// An entry of "host_exceptions": `common`, with what the entry says of it.
HostException read_host_exception(const JsonValue& value, const Host& common);

/// The cables of a kind that has one for each host: "hosts" and "link" (all alike), or "links" (one
/// entry each). Unnamed ones get `default_name` and their number.
std::vector<Link> read_cables(const JsonObject& object, std::string_view default_name);

/// The topology that a file of each kind describes, without what every kind has (exceptions, ...).
Topology read_ring(const JsonValue& root);
Topology read_star(const JsonValue& root);
Topology read_hierarchical(const JsonValue& root);
Topology read_fat_tree(const JsonValue& root);

}  // namespace ringsim
