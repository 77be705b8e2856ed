#pragma once
// How the times of an experiment's exchange are known.
#include "sim/run/experiment.hpp"
#include "topologies/calibration_scope.hpp"

#include <string>
#include <vector>

namespace ringsim {

/// This goes by what the topology's file says of the tables that its links were fitted to
/// ("calibration"): the ranks, the nodes, and the sizes of the buckets. Dense gradients are
/// all-reduces of the buckets' sizes; what a scheme makes of them is smaller, by operations of its
/// own, so that of other schemes the largest size counts alone. Where the file says nothing, links
/// with costs of sizes are calibrated. What NCCL's own constants say is modelled.
Basis exchange_basis(const Experiment& experiment);

/// What the calls of a step exchange, before it is compressed.
std::vector<Bytes> call_sizes(const Experiment& experiment);

/// A sentence for people where the exchange is extrapolated; else empty.
std::string exchange_note(const Experiment& experiment);

}  // namespace ringsim
