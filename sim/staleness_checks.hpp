#pragma once
// Whether the network and the scheme go with --staleness, --quorum and --local-steps.
#include "models/schemes/scheme.hpp"
#include "sim/run_options.hpp"
#include "topologies/topology.hpp"

namespace ringsim {

/// Makes a quorum of all ranks none. Throws UserError at "--quorum" where it is larger, and at the
/// option where hosts die.
void settle_quorum(RunOptions& options, const Topology& topology, Rank ranks);

/// Throws UserError at "--scheme" where there is a quorum that the scheme does not take.
void check_takes_quorum(const RunOptions& options, const SchemeDefinition& scheme);

}  // namespace ringsim
