#pragma once
// Importance-weighted pruning (Cheng & Xu, arXiv 1901.01544): R of the N ranks, drawn anew each
// step, broadcast which of their gradients are important; every rank packs what stands at the union
// of those places and all-reduces it. What is not sent stays in the rank's residual. Where the
// paper's abstract is silent the choices are ours (docs/method.md).
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/scheme.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/threshold.hpp"

#include <optional>

namespace ringsim {

class IwpScheme final : public Scheme {
 public:
  IwpScheme(const Layers& layers, const SchemeOptions& options);

  bool has_momentum_correction() const override { return momentum_correction_; }
  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  StepOutcome exchange(std::uint64_t step) override;
  double drop(Rank rank) override;
  std::optional<Selection> selection(Rank rank, std::uint64_t step) const override;
  Bytes state_bytes() const override;

  /// What rank has accumulated and not sent; all parameters, layer after layer.
  std::span<const float> residual(Rank rank) const { return ranks_[rank].residual; }
  /// What rank sent in the last step: the kept values of the pruned layers, then the whole layers.
  std::span<const float> packed(Rank rank) const { return ranks_[rank].packed; }
  /// The ranks that broadcast their masks in `step`, ascending; every rank draws the same ones.
  std::vector<Rank> broadcasters(std::uint64_t step) const;

 private:
  struct RankState {
    std::unique_ptr<prune::Engine> engine;  ///< one call at a time: ranks work side by side
    std::vector<float> residual, velocity, packed;
    std::vector<prune::MaskWord> mask;
    std::vector<prune::Segment> segments;  ///< with this rank's thresholds and floors
    std::vector<prune::Statistics> statistics;
  };

  void accumulate_whole_layers(RankState& state, std::span<const float> gradient) const;
  void set_floors(RankState& state, std::span<const float> weights) const;
  std::vector<BroadcastMask> exchange_masks(const std::vector<Rank>& broadcasters);
  std::size_t kept_in(std::size_t segment) const;
  void pack_all(std::size_t kept);
  void unpack_mean(std::size_t kept);
  std::vector<LayerOutcome> layer_outcomes(const std::vector<Rank>& broadcasters) const;
  void steer(std::uint64_t step);

  Layers layers_;
  std::vector<std::size_t> whole_;   ///< indices of the layers that are sent whole
  std::vector<std::size_t> pruned_;  ///< indices of the layers that are pruned, one per segment
  std::size_t parameters_ = 0, whole_parameters_ = 0;
  std::vector<prune::Segment> segments_;  ///< with the shared thresholds of fixed and density
  ThresholdOption threshold_;
  std::vector<DensityController> controllers_;  ///< one per segment
  double density_;
  std::uint64_t seed_, steps_per_epoch_, warmup_epochs_;
  Rank broadcasters_;
  const MaskEncoding* encoding_;  ///< nullptr: the smallest
  double floor_;
  float momentum_;
  bool momentum_correction_;
  std::vector<RankState> ranks_;
  std::vector<prune::MaskWord> union_;  ///< of the broadcasters' masks; ones for the whole layers
  std::vector<prune::MaskWord> decoded_;
  std::vector<float> packed_mean_, mean_;
};

}  // namespace ringsim
