#pragma once
// Deep Gradient Compression (Lin et al., arXiv 1712.01887): every rank sends the coordinates that
// are largest in its own residual. The local gradient's norm is clipped to clip/sqrt(ranks);
// momentum is corrected and masked (residuals.hpp); each layer's threshold is found on a strided
// sample and lowered where too few pass; of far too many that pass the largest are taken, of a few
// too many the first (the authors' code); the density can fall over the first epochs. The values
// are all-gathered with their masks, or added up on a ring, hop by hop, with an index each.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/residual_scheme.hpp"

namespace ringsim {

class TopkScheme final : public ResidualScheme {
 public:
  TopkScheme(const Layers& layers, const SchemeOptions& options);

  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float> weights) override;
  StepOutcome exchange_among(std::uint64_t step, std::span<const Rank> present) override;
  void keep(Rank rank, std::span<const float> gradient) override;
  double drop(Rank rank) override;
  Bytes state_bytes() const override;

  /// Which coordinates of the pruned layers a rank sent in the last step.
  std::span<const prune::MaskWord> mask(Rank rank) const { return ranks_[rank].mask; }

 private:
  struct RankState {
    std::vector<float> clipped, sample;
    std::vector<prune::Segment> segments;  ///< with this rank's thresholds
    std::vector<prune::MaskWord> mask;
    EncodedMasks message;
    std::size_t tested = 0;  ///< elements that were compared with a threshold in this step
  };

  std::span<const float> clip(RankState& state, std::span<const float> gradient) const;
  void find_thresholds(Rank rank, std::uint64_t step, double density);
  void select(Rank rank, double density);
  /// Whether the mask of a segment that so many elements have passed is final; then no more than
  /// its share stay in it. Else the threshold is too high.
  bool settle(Rank rank, std::size_t segment, std::uint64_t passed, double density);
  void send_nothing(Rank rank);
  std::vector<LayerOutcome> layer_outcomes() const;

  double sample_;
  std::optional<double> clip_;
  bool on_ring_;
  std::uint64_t seed_;
  const MaskEncoding* encoding_;  ///< nullptr: the smallest
  std::vector<RankState> ranks_;
  std::vector<float> zero_weights_;
  std::vector<std::vector<prune::MaskWord>> decoded_;     ///< the ranks' masks, as received
  std::vector<std::vector<prune::MaskWord>> rank_masks_;  ///< with the whole layers
  std::vector<prune::MaskWord> union_;
};

}  // namespace ringsim
