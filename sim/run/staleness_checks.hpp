#pragma once
// Whether the ranks and the scheme go with `quorum`.
#include "models/schemes/scheme.hpp"
#include "sim/run/run_options.hpp"

namespace ringsim {

/// Makes a quorum of all ranks none. Throws UserError at "quorum" where it is larger.
void settle_quorum(RunOptions& options, Rank ranks);

/// Throws UserError at "scheme" where there is a quorum that the scheme does not take.
void check_takes_quorum(const RunOptions& options, const SchemeDefinition& scheme);

}  // namespace ringsim
