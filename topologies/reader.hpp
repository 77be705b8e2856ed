#pragma once
// Reading what a topology file (topologies/README.md) says of links and hosts.
#include "base/json_reader.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ringsim {

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

}  // namespace ringsim
