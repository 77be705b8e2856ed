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
  density,     ///< a quantile at first, then steered: the kept share of the union meets a density
  quantile,    ///< in every step a quantile of the rank's own: the union meets a density
};

/// Whether thresholds follow from the density that is asked for.
constexpr bool meets_density(ThresholdPolicy policy) {
  return policy == ThresholdPolicy::density || policy == ThresholdPolicy::quantile;
}

struct ThresholdOption {
  ThresholdPolicy policy = ThresholdPolicy::density;
  double parameter = 0;  ///< T of fixed, K of dispersion
};

/// What parse_threshold() reads.
inline constexpr std::string_view accepted_thresholds =
    "fixed:T (T at least 0), dispersion:K, quantile or density";
/// Throws UserError at `threshold`.
ThresholdOption parse_threshold(std::string_view text);

/// mean + K * stddev of the importance of `parameters` elements.
float dispersion_threshold(const prune::Statistics& statistics, std::size_t parameters, double k);

/// The threshold of the values' importance, |value| / max(|weight|, floor), that a share of the
/// values exceeds, judged by the elements `first`, `first + stride`, ... alone; of all elements
/// (stride 1) exactly llround(share * values) exceed it where no two are equal. A NaN has the
/// importance 0; 0 is the threshold of all. `scratch` is overwritten.
float importance_quantile(std::span<const float> values, std::span<const float> weights,
                          float floor, double share, std::size_t first, std::size_t stride,
                          std::vector<float>& scratch);

/// The stride of the sample by which such a quantile is found, at a share `each` of `parameters`
/// elements: 1 % of them, and so many that 64 of the sample are above it.
std::size_t quantile_stride(std::size_t parameters, double each);

/// The first steps of a layer whose union of masks is to meet a density, until its threshold is
/// known: a residual that grows from nothing moves its quantiles faster than a controller can
/// follow. In each of them every rank takes the quantile of its own residual at `each()`, which
/// differs from the target by what the union of the steps before was off, and by how much more or
/// less the masks overlap than `assumed_masks` (threshold.cpp) says.
class DensityStart {
 public:
  static constexpr std::uint64_t steps = 64;

  /// Prepares a step in which `masks` masks are joined, each with a `tail` that it keeps by chance.
  void prepare(double target, double masks, double tail);
  /// The share that each mask shall select, 0 to 1.
  double each() const { return each_; }
  /// What the union of the step's masks kept.
  void update(double share);

 private:
  double each_ = 0, wanted_ = 0, correction_ = 1;
  double missing_ = 0;  ///< sum over the steps of target - share
};

/// Steers a layer's threshold until the kept share meets a density: after each step log T += gain *
/// error, where error = log(clamp(share/target, 1/4, 4)) + bias. The bias integrates
/// ratio - 1: the share's distribution is skewed, and without it the target is met by the geometric
/// mean, which sends more than was asked for. The gain starts at 1/2. Where importance has a light
/// tail, the share falls faster than T^-4, and a gain of 1/2 overshoots into a cycle of two
/// thresholds whose mean share is several times the target; so the gain is halved when the error
/// changes its sign (to 1/8 at least) and grows by a tenth where it does not.
class DensityController {
 public:
  float threshold() const { return threshold_; }
  void start_at(float threshold) { threshold_ = threshold; }
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
