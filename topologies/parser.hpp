#pragma once
#include "base/json_reader.hpp"
#include "topologies/topology.hpp"

namespace ringsim {

/// What load_topology() does with a document. Throws UserError at its place.
Topology parse_topology(const JsonValue& root);

}  // namespace ringsim
