#include "models/schemes/synthetic.hpp"

#include "models/schemes/layer_split.hpp"
#include "models/schemes/mask_model.hpp"
#include "models/schemes/residuals.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/threshold.hpp"
#include "models/schemes/value_type.hpp"

#include <numeric>

namespace ringsim {

std::uint64_t sum_of(std::span<const std::uint64_t> counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

namespace {

/// How many elements are in the samples by which a rank finds the quantiles of its layers.
std::size_t sample_size(const LayerSplit& split, double each) {
  std::size_t sampled = 0;
  for (const auto& segment : split.segments) {
    const std::size_t stride = quantile_stride(segment.parameters, each);
    sampled += (segment.parameters + stride - 1) / stride;
  }
  return sampled;
}

}  // namespace

MaskSize synthetic_mask_size(const LayerSplit& split, std::span<const std::uint64_t> kept,
                             double masks, const MaskEncoding* encoding) {
  std::vector<double> shares;
  for (std::size_t s = 0; s < kept.size(); ++s) {
    const double share =
        static_cast<double>(kept[s]) / static_cast<double>(split.segments[s].parameters);
    shares.push_back(share_of_each(fitted_masks, share, masks));
  }
  return expected_mask_size(fitted_masks, split.segments, shares, encoding);
}

SyntheticStep synthesize_shared_mask(const Layers& layers, const SharedMaskModel& model,
                                     const SchemeOptions& options, std::uint64_t step) {
  const LayerSplit split(layers, options);
  const std::uint64_t made = step - step % model.mask_interval;  // the masks were
  const auto kept = draw_kept(model.by_quantile ? quantile_masks : fitted_masks, split.segments,
                              model.density, options.seed, options.draw_of(made));
  const auto size = synthetic_mask_size(split, kept, model.broadcasters, model.encoding);
  SharedMaskStep sizes{.ranks = options.ranks,
                       .pruned = split.pruned_parameters,
                       .tensors = split.pruned.size(),
                       .whole = split.whole_parameters,
                       .kept = sum_of(kept),
                       .with_velocity = model.with_velocity,
                       .reads_weights = model.reads_weights,
                       .value = bytes_of(value_type_of(options)),
                       .masks = {}};
  for (const Rank rank : draw_broadcasters(options.seed, made, options.ranks, model.broadcasters)) {
    if (made == step) sizes.masks.push_back({rank, size.mask, size.header});
  }
  if (model.by_quantile && made == step) {
    const double each = share_of_each(fitted_masks, model.density, model.broadcasters);
    sizes.sampled.assign(options.ranks, sample_size(split, each));
  }
  return {.stages = shared_mask_stages(sizes),
          .layers = split.outcomes_of(kept),
          .state_per_rank = residual_bytes(split, model.with_velocity) +
                            Bytes{sizeof(prune::MaskWord) * split.words}};
}

}  // namespace ringsim
