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

/// What parse_threshold() reads.
inline constexpr std::string_view accepted_thresholds =
    "fixed:T (T at least 0), dispersion:K or density";
/// Throws UserError at `threshold`.
ThresholdOption parse_threshold(std::string_view text);

/// mean + K * stddev of the importance of `parameters` elements.
float dispersion_threshold(const prune::Statistics& statistics, std::size_t parameters, double k);

/// Steers a layer's threshold until the kept share meets a density: after each step log T += gain *
/// error, from T = 1, where error = log(clamp(share/target, 1/4, 4)) + bias. The bias integrates
/// ratio - 1: the share's distribution is skewed, and without it the target is met by the geometric
/// mean, which sends more than was asked for. The gain starts at 1/2. Where importance has a light
/// tail, the share falls faster than T^-4, and a gain of 1/2 overshoots into a cycle of two
/// thresholds whose mean share is several times the target; so the gain is halved when the error
/// changes its sign (to 1/8 at least) and grows by a tenth where it does not.
class DensityController {
 public:
  float threshold() const { return threshold_; }
  void update(double share, double target);

 private:
  float threshold_ = 1;
  double gain_ = 0.5;
  double bias_ = 0;
  bool was_above_ = false;  ///< the share was, in the step before
};

/// The density to aim at in `epoch` (from 0): max(density, 4^-(epoch+1)) in the first
/// `warmup_epochs`, then density.
double warmup_density(double density, std::uint64_t epoch, std::uint64_t warmup_epochs);

}  // namespace ringsim
