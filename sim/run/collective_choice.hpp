#pragma once
// The all-reduce algorithm of an experiment.
#include "sim/run/experiment.hpp"

#include <string>
#include <string_view>

namespace ringsim {

/// The algorithm that `collective` names. `auto`: what the topology's file says ("library"); else
/// hierarchical on whole nodes of several GPUs, as a flat ring of all ranks leaves most of their
/// cards idle or passes them most often; else ring.
std::string_view collective_name(const RunOptions& options, const Topology& topology, Rank ranks);

/// That algorithm, with its options. Throws UserError where it cannot be had or does not take an
/// option.
CollectiveChoice choose_collective(const RunOptions& options, const Topology& topology, Rank ranks);

/// Why `auto` took a flat ring on nodes of several GPUs, a whole sentence; empty where it did not.
std::string collective_note(const Experiment& experiment);

}  // namespace ringsim
