#include "models/schemes/layer_split.hpp"

#include "models/prune/set_bits.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/top_k.hpp"

#include <cfloat>

namespace ringsim {

LayerSplit::LayerSplit(const Layers& all, const SchemeOptions& options) : layers(all) {
  const std::size_t whole_below = options.get<std::size_t>(whole_below_option);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& layer = layers[i];
    if (layer.parameters < whole_below) {
      whole.push_back(i);
      whole_parameters += layer.parameters;
    } else {
      pruned.push_back(i);
      pruned_parameters += layer.parameters;
      segments.push_back({layer.offset, layer.parameters, words, 1.0F, FLT_MIN});
    }
    words += prune::mask_words(layer.parameters);
  }
}

std::uint64_t LayerSplit::kept_in(std::span<const prune::MaskWord> mask,
                                  std::size_t segment) const {
  const auto& s = segments[segment];
  return prune::count(mask.subspan(s.mask_offset, prune::mask_words(s.parameters)));
}

std::uint64_t LayerSplit::kept(std::span<const prune::MaskWord> mask) const {
  std::uint64_t sum = 0;
  for (std::size_t s = 0; s < segments.size(); ++s) sum += kept_in(mask, s);
  return sum;
}

void LayerSplit::mark_whole(std::span<prune::MaskWord> mask) const {
  std::size_t offset = 0, following = 0;
  for (const std::size_t index : whole) {
    for (; following < index; ++following) {
      offset += prune::mask_words(layers[following].parameters);
    }
    prune::set_bits(mask.subspan(offset), 0, layers[index].parameters);
  }
}

std::vector<LayerOutcome> LayerSplit::outcomes(std::span<const prune::MaskWord> mask) const {
  std::vector<std::uint64_t> kept;
  for (std::size_t s = 0; s < segments.size(); ++s) kept.push_back(kept_in(mask, s));
  return outcomes_of(kept);
}

std::vector<LayerOutcome> LayerSplit::outcomes_of(std::span<const std::uint64_t> kept) const {
  std::vector<LayerOutcome> outcomes(layers.size());
  for (const std::size_t index : whole) outcomes[index].kept = layers[index].parameters;
  for (std::size_t s = 0; s < segments.size(); ++s) outcomes[pruned[s]].kept = kept[s];
  return outcomes;
}

std::vector<std::uint64_t> LayerSplit::kept_counts(double density) const {
  std::vector<std::uint64_t> counts;
  for (const auto& segment : segments) counts.push_back(kept_count(density, segment.parameters));
  return counts;
}

}  // namespace ringsim
