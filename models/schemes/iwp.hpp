#pragma once
// Importance-weighted pruning (Cheng & Xu, arXiv 1901.01544): R of the N ranks, drawn anew each
// step, broadcast which of their gradients are important; every rank packs what stands at the union
// of those places and all-reduces it. What is not sent stays in the rank's residual. Where the
// paper's abstract is silent the choices are ours (docs/method.md).
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/residual_scheme.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/threshold.hpp"

#include <optional>
#include <vector>

namespace ringsim {

/// Options that iwp and magnitude share (magnitude takes no floor).
extern const SchemeOption threshold_option, broadcasters_option, floor_option, tail_option,
    mask_interval_option;

/// What makes a gradient important.
enum class Importance {
  ratio,      ///< its ratio to the weight
  magnitude,  ///< its magnitude, in units of the layer's root mean square weight
};

class IwpScheme final : public ResidualScheme {
 public:
  IwpScheme(const Layers& layers, const SchemeOptions& options,
            Importance importance = Importance::ratio);

  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  StepOutcome exchange_among(std::uint64_t step, std::span<const Rank> present) override;
  double drop(Rank rank) override;
  std::optional<Selection> selection(Rank rank, std::uint64_t step) const override;
  Bytes state_bytes() const override;

  /// What a rank has accumulated and not sent; all parameters, layer after layer.
  std::span<const float> residual(Rank rank) const { return residuals_.of(rank).residual; }
  /// What a rank sent in the last step: the kept values of the pruned layers, then the whole
  /// layers.
  std::span<const float> packed(Rank rank) const { return residuals_.of(rank).packed; }
  /// The ranks whose masks serve in `step`, ascending; every rank draws the same ones.
  std::vector<Rank> broadcasters(std::uint64_t step) const;
  /// The same where these ranks (ascending) alone take part.
  std::vector<Rank> broadcasters(std::uint64_t step, std::span<const Rank> present) const;

 private:
  struct RankState {
    std::vector<prune::MaskWord> mask;
    std::vector<prune::Segment> segments;  ///< with this rank's thresholds and floors
    std::vector<prune::Statistics> statistics;
    bool has_statistics = false;  ///< of an earlier pass
    std::vector<float> sample;
    std::vector<std::size_t> sampled;  ///< Selection::sampled of this step
  };

  void set_floors(RankState& state, std::span<const float> weights) const;
  /// Whether masks are made in `step`; in the others the last ones serve again.
  bool makes_masks(std::uint64_t step) const { return step % mask_interval_ == 0; }
  void select(Rank rank, std::uint64_t step, std::span<const float> gradient,
              std::span<const float> weights);
  /// SharedMaskStep::sampled.
  std::vector<std::size_t> sampled() const;
  void add_tail(Rank rank, std::uint64_t step);
  std::vector<BroadcastMask> exchange_masks(const std::vector<Rank>& broadcasters,
                                            std::uint64_t step);
  std::vector<LayerOutcome> layer_outcomes(const std::vector<Rank>& broadcasters) const;
  /// The thresholds of this rank's own: in the first steps of the density policy, and in all of
  /// the quantile policy.
  void find_quantiles(Rank rank, std::uint64_t step, std::span<const float> weights);
  bool takes_quantiles() const {
    return threshold_.policy == ThresholdPolicy::quantile ||
           (threshold_.policy == ThresholdPolicy::density && masks_made_ < DensityStart::steps);
  }
  void prepare_start(std::uint64_t step);
  /// The geometric mean of a layer's.
  float mean_threshold(const std::vector<Rank>& broadcasters, std::size_t segment) const;
  void steer(std::uint64_t step, const std::vector<Rank>& broadcasters);

  std::vector<prune::Segment> segments_;  ///< with the shared thresholds of fixed and density
  ThresholdOption threshold_;
  std::vector<DensityStart> starts_;            ///< one per segment
  std::vector<DensityController> controllers_;  ///< one per segment
  std::uint64_t masks_made_ = 0;                ///< steps in which masks were made
  std::uint64_t seed_;
  Rank broadcasters_;
  const MaskEncoding* encoding_;  ///< nullptr: the smallest
  double floor_, tail_;
  std::uint64_t mask_interval_;
  std::vector<RankState> ranks_;
  std::vector<prune::MaskWord> union_;  ///< of the broadcasters' masks; ones for the whole layers
  std::vector<prune::MaskWord> decoded_;
  std::vector<prune::MaskWord> none_;  ///< what a rank selects in a step without selection
  std::vector<float> zero_weights_;    ///< of the importance that is a magnitude
};

/// The density that the options ask `scheme` to steer to after the warm-up; nothing where it does
/// not steer.
std::optional<double> steered_density(std::string_view scheme, const SchemeOptions& options);

/// SchemeDefinition::synthesize.
SyntheticStep synthesize_importance(const Layers& layers, const SchemeOptions& options,
                                    std::uint64_t step, Importance importance);

}  // namespace ringsim
