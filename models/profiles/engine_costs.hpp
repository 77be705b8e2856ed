#pragma once
// The profile of an engine that was measured on this machine (ringsim bench -o FILE).
#include "models/profiles/cost_profile.hpp"
#include "models/prune/engine_rates.hpp"

namespace ringsim {

/// Costs of the scheme iwp: a fixed part and slopes, each not negative, that minimise the squares
/// of the relative errors on the measured sizes; from one size slopes alone.
CostProfile profile_of_engine(const prune::EngineRates& rates);

}  // namespace ringsim
