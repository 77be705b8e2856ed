#pragma once
// Networks as other programs describe them -> topology files.
#include "topologies/import/request.hpp"

namespace ringsim {

/// Reads, as its content tells,
/// - a platform of SimGrid (XML, version 4): a zone of routing "Full", or a cluster round a switch.
///   Of what simgrid_platform() wrote, every message takes the same time;
/// - a network of ASTRA-sim's analytical backend (YAML: topology, npus_count, bandwidth in GiB/s,
///   latency in ns), by dimension order;
/// - the text of `nvidia-smi topo -m`, of one machine.
/// Throws UserError, with the line, for what it does not know or cannot represent.
ImportedTopology import_topology(const NetworkImport& request);

}  // namespace ringsim
