#pragma once
// Threshold policies of importance-weighted pruning: above which importance a gradient is sent.
#include "models/prune/engine.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

enum class ThresholdPolicy {
  fixed,       ///< a constant
  dispersion,  ///< mean + K * standard deviation of the importance in the rank's latest pass
  density,     ///< steered until the kept share of the union meets a density
};

struct ThresholdOption {
  ThresholdPolicy policy = ThresholdPolicy::density;
  double parameter = 0;  ///< T of fixed, K of dispersion
};

/// "fixed:T" (T not negative), "dispersion:K", "density". Throws UserError at "--threshold".
ThresholdOption parse_threshold(std::string_view text);

/// mean + K * stddev of the importance of `parameters` elements.
float dispersion_threshold(const prune::Statistics& statistics, std::size_t parameters, double k);

/// The threshold after a step that kept `share` where `target` was wanted: T *
/// sqrt(clamp(share/target, 1/4, 4)).
float steered_threshold(float threshold, double share, double target);

/// The density to aim at in `epoch` (from 0): max(density, 4^-(epoch+1)) in the first
/// `warmup_epochs`, then density.
double warmup_density(double density, std::uint64_t epoch, std::uint64_t warmup_epochs);

}  // namespace ringsim
