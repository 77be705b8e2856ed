#pragma once
// Exchanges whose kept parameters are drawn instead of found in gradients: for questions of cost
// alone, about models of any size.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/scheme.hpp"

namespace ringsim {

/// Each of the broadcasters keeps each parameter of a pruned layer with the probability at which
/// their union has the density: 1 - (1-density)^(1/broadcasters), all draws independent. (Masks of
/// real gradients overlap and cluster: they are cheaper to encode.)
struct SharedMaskModel {
  double density;
  Rank broadcasters;
  const MaskEncoding* encoding;  ///< null: the smallest of each layer
  bool with_velocity;
  bool reads_weights;
};

/// Step `step` of (options.seed) on options.ranks ranks, with the types and small layers of the
/// options. The masks are drawn and really encoded; those of
/// a step serve options.mask_interval steps.
SyntheticStep synthesize_shared_mask(const Layers& layers, const SharedMaskModel& model,
                                     const SchemeOptions& options, std::uint64_t step);

}  // namespace ringsim
