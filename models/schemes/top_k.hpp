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

/// ceil(density * parameters): how many of a layer are kept.
std::size_t kept_count(double density, std::size_t parameters);

/// The threshold of Deep Gradient Compression (arXiv 1712.01887, section 3.3): the magnitude that
/// `density` of the values reach, judged by values `first`, `first + stride`, ... alone.
float sampled_threshold(std::span<const float> values, double density, std::size_t first,
                        std::size_t stride, std::vector<float>& scratch);

}  // namespace ringsim
