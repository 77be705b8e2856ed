#include "models/schemes/synthetic.hpp"

#include "base/random.hpp"
#include "models/schemes/layer_split.hpp"
#include "models/schemes/option_checks.hpp"
#include "models/schemes/residuals.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/value_type.hpp"

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
  const LayerSplit split(layers, options);
  SharedMaskStep sizes{.ranks = options.ranks,
                       .pruned = split.pruned_parameters,
                       .whole = split.whole_parameters,
                       .with_velocity = model.with_velocity,
                       .reads_weights = model.reads_weights,
                       .value = bytes_of(value_type_of(options)),
                       .masks = {}};
  const double share = 1 - std::pow(1 - model.density, 1.0 / model.broadcasters);
  std::vector<prune::MaskWord> together(split.words), mask(split.words);
  for (const Rank rank : draw_broadcasters(options.seed, step, options.ranks, model.broadcasters)) {
    std::fill(mask.begin(), mask.end(), 0);
    Random random(options.seed, Purpose::synthetic_masks, rank, options.draw_of(step));
    for (const auto& segment : split.segments) {
      draw_mask(random, share, segment.parameters, std::span(mask).subspan(segment.mask_offset));
    }
    const auto encoded = encode_masks(mask, split.segments, model.encoding);
    sizes.masks.push_back({rank, {encoded.mask_bytes}, {encoded.header_bytes}});
    prune::unite(together, mask);
  }
  sizes.kept = split.kept(together);
  return {.stages = shared_mask_stages(sizes),
          .layers = split.outcomes(together),
          .state_per_rank = residual_bytes(split, model.with_velocity) +
                            Bytes{sizeof(prune::MaskWord) * split.words}};
}

}  // namespace ringsim
