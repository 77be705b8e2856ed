#include "models/schemes/synthetic.hpp"

#include "base/random.hpp"
#include "models/schemes/shared_mask.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

/// Sets each of `parameters` bits with the probability `share`, by drawing the gaps between them.
void draw_mask(Random& random, double share, std::size_t parameters,
               std::span<prune::MaskWord> mask) {
  const double log_of_gap = std::log1p(-share);  // minus infinity where every bit is set
  std::size_t next = 0;
  for (;;) {
    const double gap = std::floor(std::log1p(-random.uniform()) / log_of_gap);
    if (!(gap < static_cast<double>(parameters - next))) return;
    next += static_cast<std::size_t>(gap);
    mask[next / 64] |= prune::MaskWord{1} << (next % 64);
    if (++next == parameters) return;
  }
}

}  // namespace

SyntheticStep synthesize_shared_mask(const Layers& layers, const SharedMaskModel& model,
                                     const SchemeOptions& options, std::uint64_t step) {
  SyntheticStep result;
  SharedMaskStep sizes{.ranks = options.ranks, .with_velocity = model.with_velocity, .masks = {}};
  std::vector<prune::Segment> segments;
  std::vector<std::size_t> pruned;  // index of each segment's layer
  std::size_t words = 0;
  for (const auto& layer : layers) {
    if (layer.parameters < model.whole_below) {
      sizes.whole += layer.parameters;
    } else {
      pruned.push_back(result.layers.size());
      segments.push_back({layer.offset, layer.parameters, words});
      words += prune::mask_words(layer.parameters);
      sizes.pruned += layer.parameters;
    }
    result.layers.push_back({.threshold = {},
                             .kept = layer.parameters,
                             .importance_mean = {},
                             .importance_stddev = {}});
  }

  const double share = 1 - std::pow(1 - model.density, 1.0 / model.broadcasters);
  std::vector<prune::MaskWord> together(words), mask(words);
  for (const Rank rank : draw_broadcasters(options.seed, step, options.ranks, model.broadcasters)) {
    std::fill(mask.begin(), mask.end(), 0);
    Random random(options.seed, Purpose::synthetic_masks, rank, step);
    for (const auto& segment : segments) {
      draw_mask(random, share, segment.parameters, std::span(mask).subspan(segment.mask_offset));
    }
    const auto encoded = encode_masks(mask, segments, model.encoding);
    sizes.masks.push_back({rank, {encoded.mask_bytes}, {encoded.header_bytes}});
    prune::unite(together, mask);
  }
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const auto kept = prune::count(std::span<const prune::MaskWord>(together).subspan(
        segments[s].mask_offset, prune::mask_words(segments[s].parameters)));
    result.layers[pruned[s]].kept = kept;
    sizes.kept += kept;
  }
  result.stages = shared_mask_stages(sizes);
  return result;
}

}  // namespace ringsim
