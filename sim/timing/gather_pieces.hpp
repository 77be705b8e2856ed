#pragma once
// In what pieces all-gathers travel: what a plan knows of the network.
#include "sim/timing/step_plan.hpp"

#include <vector>

namespace ringsim {

/// In what pieces the parts of these stages' all-gathers travel over such a hop, in order: appended
/// to `pieces`. plan_kept() makes the same plan of all hops for which they are the same.
void add_pieces(const std::vector<KeptStage>& stages, const HopSpeed& hop,
                std::vector<Bytes>& pieces);

}  // namespace ringsim
