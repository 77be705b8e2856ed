#pragma once
// How the masks of top-k overlap, where every rank keeps the largest of its own residual, and how
// their union is spread over a vector.
//
// Neurons differ: the share `active` of a layer's elements can be kept at all (others hardly get a
// gradient), each with the probability min(1, c * exp(sigma * x)), where x is a standard normal
// number that is the same on all ranks. An element is active where its row (an output) and its
// column (an input) are: either is so for a root of the share. A layer that reads the samples has
// inputs that are nearly alike, so that x belongs to the row; behind a ReLU inputs are neurons as
// outputs are, and half of the variance of sigma * x belongs to the row. A chunk of a sum has few
// rows, and the fewer the more chunks there are, so chunks keep different shares of their elements;
// in every step the same ones keep much.
#include "models/schemes/scheme.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

struct UnionModel {
  double active, sigma;
  double of_rows;  ///< share of the variance
};
/// `active` and `sigma` were fitted by tools/experiments/fit_unions.py to what unions keep in
/// training on 8, 32 and 128 ranks (docs/method.md has the errors); nothing was fitted to chunks.
constexpr UnionModel fitted_unions_of_samples = {.active = 0.96, .sigma = 0.75, .of_rows = 1};
constexpr UnionModel fitted_unions = {.active = 0.60, .sigma = 1.20, .of_rows = 0.5};

/// A layer of whose elements every rank keeps `kept`.
struct UnitedLayer {
  std::size_t parameters = 0;
  std::size_t rows = 1;  ///< 1: not known, as many as columns
  bool reads_samples = false;
  std::uint64_t kept = 0;
};
const UnionModel& union_model_of(const UnitedLayer& layer);

/// The shares that the unions of 1, 2, ..., `masks` masks keep, where each keeps `share` (0 to 1).
std::vector<double> shares_of_unions(const UnionModel& model, double share, std::uint32_t masks);

/// The same of a row that is active, where x is `row` times as far above its mean as it is spread.
std::vector<double> shares_of_row_unions(const UnionModel& model, double share, double row,
                                         std::uint32_t masks);

/// What so many equal chunks of all layers consist of. The rows of a layer are spread evenly over
/// the quantiles of x, in an order that is drawn for (seed, layer, draw).
ChunkParts draw_chunk_parts(std::span<const UnitedLayer> layers, std::uint32_t chunks,
                            std::uint64_t seed, std::uint64_t draw);

}  // namespace ringsim
