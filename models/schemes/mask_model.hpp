#pragma once
// What masks of real gradients look like, for sizes that are drawn instead of found: how likely an
// element is to be kept has a heavy tail, and neighbours have something in common.
//
// An element is kept with the probability min(1, c * exp(region_sigma * x + element_sigma * y)),
// where x is a standard normal number of its region, y one of its own, and c such that the layer
// keeps its share. Regions are long against the gaps between kept elements, x and y the same on all
// ranks: so masks cluster (a mask takes fewer bytes), and the masks of several ranks overlap (their
// union keeps less than independent masks would).
//
// The share of a layer differs from step to step: its logarithm is layer_sigma times a
// first-order autoregressive process of variance 1, whose correlation from step to step is
// layer_correlation (below 0: a step that sends much leaves little). Shares are scaled so that all
// layers together keep the density that was asked for, exactly.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/layer_split.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

struct MaskModel {
  double region_sigma, element_sigma;
  double layer_sigma, layer_correlation;
};

/// The sigmas of regions and elements are fitted to ResNet-50 (tools/experiments/fit_captured.py):
/// 1.17 is what both have together. What is said of layers is fitted to small networks
/// (tools/experiments/fit_masks.py, docs/method.md).
constexpr MaskModel fitted_masks = {
    .region_sigma = 0.96, .element_sigma = 0.67, .layer_sigma = 0.85, .layer_correlation = -0.62};

/// The same where every step has thresholds of its own, the quantiles of each layer: what a layer
/// sends hardly differs from step to step (fit_captured.py). How steps are correlated is not known.
constexpr MaskModel quantile_masks = {
    .region_sigma = 0.96, .element_sigma = 0.67, .layer_sigma = 0.08, .layer_correlation = 0};

/// The share that the union of `masks` masks keeps, where each keeps `share` (0 to 1).
double share_of_union(const MaskModel& model, double share, double masks);

/// The inverse: the share of each mask where the union keeps `share`.
double share_of_each(const MaskModel& model, double share, double masks);

/// The expected size of the encoded masks of several layers, as encode_masks() writes them: of
/// layer i with `parameters[i]` elements the share `shares[i]` is kept. `encoding` absent: the
/// smallest of each.
struct MaskSize {
  Bytes mask, header;
};
MaskSize expected_mask_size(const MaskModel& model, std::span<const prune::Segment> segments,
                            std::span<const double> shares, const MaskEncoding* encoding);

/// How many elements of each segment are kept in `step`: round(density * all) in total.
std::vector<std::uint64_t> draw_kept(const MaskModel& model,
                                     std::span<const prune::Segment> segments, double density,
                                     std::uint64_t seed, std::uint64_t step);

}  // namespace ringsim
