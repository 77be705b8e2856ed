#pragma once
// Which layers a scheme prunes, and which are so small that they are sent whole.
#include "models/layers.hpp"
#include "models/prune/engine.hpp"
#include "models/schemes/scheme.hpp"

#include <span>
#include <vector>

namespace ringsim {

struct LayerSplit {
  /// Layers with fewer than `whole-below` parameters (default 1024) are whole.
  LayerSplit(const Layers& all, const SchemeOptions& options);

  Layers layers;
  std::vector<std::size_t> whole, pruned;  ///< indices of layers
  /// One per pruned layer; threshold 1 and the smallest floor.
  std::vector<prune::Segment> segments;
  std::size_t whole_parameters = 0, pruned_parameters = 0;
  std::size_t words = 0;  ///< of a mask of all layers

  std::size_t parameters() const { return whole_parameters + pruned_parameters; }
  /// Set bits of `mask` in one segment.
  std::uint64_t kept_in(std::span<const prune::MaskWord> mask, std::size_t segment) const;
  /// Set bits of `mask` in all segments.
  std::uint64_t kept(std::span<const prune::MaskWord> mask) const;
  /// Sets the bits of the whole layers.
  void mark_whole(std::span<prune::MaskWord> mask) const;
  /// One per layer, with `kept` filled in: the whole layers', and the pruned ones' from `mask`.
  std::vector<LayerOutcome> outcomes(std::span<const prune::MaskWord> mask) const;
  /// The same from what is kept in each segment.
  std::vector<LayerOutcome> outcomes_of(std::span<const std::uint64_t> kept) const;
  /// What is kept in each segment where `density` of it is (kept_count() in top_k.hpp).
  std::vector<std::uint64_t> kept_counts(double density) const;
};

}  // namespace ringsim
