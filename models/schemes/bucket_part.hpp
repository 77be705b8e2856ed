#pragma once
// A bucket's part of flat buffers over all layers.
#include "models/buckets.hpp"
#include "models/layers.hpp"
#include "models/prune/engine.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace ringsim {

/// A bucket's layers, which lie one behind the other in buffers of its own, in the bucket's order.
class BucketPart {
 public:
  BucketPart(const Layers& all, const Bucket& bucket);

  const Layers& layers() const { return layers_; }                   ///< with offsets of its own
  std::span<const std::size_t> indices() const { return indices_; }  ///< of its layers, among all
  std::size_t parameters() const { return parameters_; }

  /// Whether they lie one behind the other in buffers over all layers.
  bool is_contiguous() const { return runs_.size() == 1; }

  /// The bucket's values of a buffer over all layers: where they lie one behind the other that part
  /// of the buffer, otherwise a copy that goes to `copy`.
  std::span<const float> gather(std::span<const float> all, std::vector<float>& copy) const;
  /// The same, always copied; `own` has parameters() values.
  void copy_from(std::span<const float> all, std::span<float> own) const;
  void scatter(std::span<const float> own, std::span<float> all) const;
  /// The words of a mask over the bucket's layers to their place in one over all layers.
  void scatter_mask(std::span<const prune::MaskWord> own, std::span<prune::MaskWord> all) const;
  /// Sets the bits of the bucket's parameters in a mask over all layers.
  void mark_all(std::span<prune::MaskWord> all) const;

 private:
  struct Run {
    std::size_t offset, count;
  };

  std::vector<std::size_t> indices_;
  Layers layers_;
  std::vector<Run> runs_;
  std::vector<Run> mask_runs_;
  std::size_t parameters_ = 0;
};

}  // namespace ringsim
