#pragma once
#include "topologies/topology.hpp"

#include <string>

namespace ringsim {

/// The topology as a platform file of SimGrid (version 4.1): hosts "rank0", "rank1", ...; the
/// links, each in one direction; the route of every pair; profiles, outages and deaths as traces.
/// SimGrid itself times single messages on it as ringsim does (network/model:CM02,
/// network/crosstraffic:0, network/TCP-gamma:0). A host's jitter is a property, which SimGrid does
/// not use. Throws UserError at `place` where a link has a model by message size, which the format
/// does not know, and where the routes have more than 4 million links together.
std::string simgrid_xml(const Topology& topology, const Place& place);

}  // namespace ringsim
