#pragma once
// Error feedback for schemes that send some of the coordinates: what every rank has accumulated and
// not sent, with momentum correction (Lin et al., Deep Gradient Compression, arXiv 1712.01887,
// section 3.1), the packing of what is sent, and its mean over the ranks.
//   u = m*u + g; r = r + u           (without momentum correction r = r + g)
//   sent: r at the mask, rounded to the type that travels; there r keeps what the rounding took off
//   and u becomes 0 (momentum factor masking, section 3.2, unless it is off)
// Whole layers are sent with every step; only u is kept of them.
#include "models/schemes/layer_split.hpp"
#include "models/schemes/scheme.hpp"
#include "models/schemes/value_type.hpp"

#include <memory>
#include <span>
#include <vector>

namespace ringsim {

/// What one rank keeps.
inline Bytes residual_bytes(const LayerSplit& split, bool momentum_correction) {
  return Bytes{(momentum_correction ? 2 : 1) * sizeof(float) * split.parameters()};
}

class Residuals {
 public:
  struct OfRank {
    std::unique_ptr<prune::Engine> engine;  ///< one call at a time: ranks work side by side
    std::vector<float> residual;
    std::vector<float> velocity;  ///< empty without momentum correction
    std::vector<float> packed;    ///< as sent: values at the mask, then the whole layers
    std::vector<float> rounding_error;
  };

  Residuals(const Layers& layers, const SchemeOptions& options, bool momentum_correction);

  const LayerSplit& split() const { return split_; }
  Rank ranks() const { return static_cast<Rank>(ranks_.size()); }
  OfRank& of(Rank rank) { return ranks_[rank]; }
  const OfRank& of(Rank rank) const { return ranks_[rank]; }
  bool momentum_correction() const { return momentum_correction_; }
  float momentum() const { return momentum_; }
  ValueType values() const { return values_; }

  /// Adds a gradient. Different ranks at the same time.
  void accumulate(Rank rank, std::span<const float> gradient);
  /// The same for the whole layers alone: where an engine's select accumulates the others.
  void accumulate_whole_layers(Rank rank, std::span<const float> gradient);

  /// Moves what `mask` (words of the pruned layers) covers, and the whole layers, to `packed`.
  /// Different ranks at the same time.
  void pack(Rank rank, std::span<const prune::MaskWord> mask);

  /// Packs all ranks, or those of `present`, by one mask and returns the mean of what they send, 0
  /// elsewhere.
  std::span<const float> reduce(std::span<const prune::MaskWord> mask);
  std::span<const float> reduce(std::span<const prune::MaskWord> mask,
                                std::span<const Rank> present);
  /// The mean where every rank, or each of `present`, has packed by a mask of its own. Values are
  /// added up in rank order: on each rank in fp32, or on the way, with every partial sum rounded to
  /// the type that travels. The whole layers' are all-reduced.
  std::span<const float> gather(std::span<const std::vector<prune::MaskWord>> masks,
                                std::span<const Rank> present, bool summed_on_the_way);
  /// 0, 1, ...
  std::vector<Rank> all() const;

  /// Takes a rank out (Scheme::drop); returns the sum of its residual's magnitudes.
  double drop(Rank rank);
  /// The memory of all ranks' residuals and momenta.
  Bytes state_bytes() const;

 private:
  void accumulate(OfRank& state, std::span<const float> gradient, std::size_t begin,
                  std::size_t count) const;
  void unpack_whole_layers(std::span<const float> values, std::span<float> target) const;

  LayerSplit split_;
  bool momentum_correction_, factor_masking_;
  float momentum_;
  ValueType values_;
  std::vector<OfRank> ranks_;
  std::vector<float> packed_mean_, mean_;
};

}  // namespace ringsim
