#pragma once
// Which keys a topology file may have, for the reader and as a JSON Schema.
#include "topologies/kinds/kind.hpp"

#include <string>
#include <vector>

namespace ringsim {

/// The keys of files of this kind, in the order in which errors list them: its own stand between
/// those that every kind has.
std::vector<TopologyKey> keys_of(const TopologyKindDefinition& kind);

/// The JSON Schema of topology files of all kinds (topology.schema.json).
std::string topology_schema();

}  // namespace ringsim
