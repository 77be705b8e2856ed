#pragma once
// Exchanges whose kept parameters are drawn instead of found in gradients: for questions of cost
// alone, about models of any size.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/layer_split.hpp"
#include "models/schemes/mask_model.hpp"
#include "models/schemes/scheme.hpp"

namespace ringsim {

std::uint64_t sum_of(std::span<const std::uint64_t> counts);

/// The size of each of `masks` ranks' masks whose union keeps kept[i] of segment i.
MaskSize synthetic_mask_size(const LayerSplit& split, std::span<const std::uint64_t> kept,
                             double masks, const MaskEncoding* encoding);

/// The union of the broadcasters' masks has the density; what is kept of each layer is drawn
/// (mask_model.hpp), and with it the sizes of the masks.
struct SharedMaskModel {
  double density;
  Rank broadcasters;
  const MaskEncoding* encoding;  ///< null: the smallest of each layer
  bool with_velocity;
  bool reads_weights;
  bool by_quantile;  ///< every step with masks finds quantiles by a sample of each layer first
  std::uint64_t mask_interval = 1;  ///< steps that the masks of one serve
};

/// Step `step` of (options.seed) on options.ranks ranks, with the types and small layers of the
/// options.
SyntheticStep synthesize_shared_mask(const Layers& layers, const SharedMaskModel& model,
                                     const SchemeOptions& options, std::uint64_t step);

}  // namespace ringsim
