#pragma once
// Which values are the largest in magnitude. A NaN counts as 0.
#include "models/prune/engine.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace ringsim {

/// The k-th largest of `magnitudes`, which are reordered; k from 1 to their number.
float kth_largest(std::span<float> magnitudes, std::size_t k);

/// Sets, in a mask that is overwritten, the bits of exactly k values of the largest magnitude; of
/// equal ones the first. `scratch` is overwritten.
void select_top_k(std::span<const float> values, std::size_t k, std::span<prune::MaskWord> mask,
                  std::vector<float>& scratch);

/// Leaves the set bits of `mask` that stand for the k values of the largest magnitude; of equal
/// ones the first. Returns the smallest magnitude that stays; k from 1 to the number of set bits.
float keep_largest(std::span<const float> values, std::size_t k, std::span<prune::MaskWord> mask,
                   std::vector<float>& scratch);

/// Leaves the first k set bits of `mask`.
void keep_first(std::span<prune::MaskWord> mask, std::size_t k);

/// max(1, floor(density * parameters)), and 0 of nothing: how many of a layer are kept.
std::size_t kept_count(double density, std::size_t parameters);

/// The distance between the elements of the sample on which Deep Gradient Compression finds the
/// threshold of a layer: 1 or 32j+1, less a multiple of 8, so that `share` of the layer are in it,
/// and two of those that are kept (the authors' code,
/// github.com/synxlin/deep-gradient-compression).
std::size_t sample_stride(std::size_t parameters, double share, double density);

/// The threshold of Deep Gradient Compression (arXiv 1712.01887, section 3.3): the magnitude that
/// `density` of the values reach, judged by values `first`, `first + stride`, ... alone. There are
/// at least `stride` values, and `first` is below `stride`.
float sampled_threshold(std::span<const float> values, double density, std::size_t first,
                        std::size_t stride, std::vector<float>& scratch);

}  // namespace ringsim
