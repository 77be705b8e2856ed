#include "models/schemes/topk.hpp"

#include "base/random.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/synthetic.hpp"
#include "models/schemes/threshold.hpp"
#include "models/schemes/top_k.hpp"
#include "models/schemes/topk_step.hpp"
#include "models/schemes/union_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

// The authors' settings (github.com/synxlin/deep-gradient-compression).
constinit const SchemeOption clip_option = {
    {.name = "clip",
     .value = "X",
     .meaning = "the norm of a rank's gradient is at most X over the square root of the ranks",
     .limits = Number{1e-9, 1e9},
     .default_note = "not clipped"},
    {}};
constinit const SchemeOption sample_option = {
    {.name = "sample",
     .value = "X",
     .meaning = "share of a layer on which its threshold is found",
     .limits = Number{1e-9, 1},
     .default_value = "0.01",
     .needs = "`source` train"},
    {.of_pruned_layers = true}};
constexpr double too_few = 0.8, too_many = 1.3;
constexpr int adaptations = 10;

/// The layers that are pruned, where each rank keeps kept[i] of segment i.
std::vector<UnitedLayer> united_layers(const LayerSplit& split,
                                       std::span<const std::uint64_t> kept) {
  std::vector<UnitedLayer> layers;
  for (std::size_t s = 0; s < kept.size(); ++s) {
    const auto& layer = split.layers[split.pruned[s]];
    layers.push_back({.parameters = layer.parameters,
                      .rows = layer.rows,
                      .reads_samples = layer.reads_samples,
                      .kept = kept[s]});
  }
  return layers;
}

/// What the union of 1, 2, ... ranks' masks keeps.
std::vector<std::uint64_t> union_counts(const std::vector<UnitedLayer>& layers, Rank ranks) {
  std::vector<double> sums(ranks);
  for (const auto& layer : layers) {
    const auto n = static_cast<double>(layer.parameters);
    const auto shares =
        shares_of_unions(union_model_of(layer), static_cast<double>(layer.kept) / n, ranks);
    for (Rank masks = 0; masks < ranks; ++masks) sums[masks] += n * shares[masks];
  }
  std::vector<std::uint64_t> counts;
  counts.reserve(sums.size());
  for (const double sum : sums) counts.push_back(static_cast<std::uint64_t>(std::llround(sum)));
  return counts;
}

/// Every rank keeps as many coordinates of its own as in a real step.
SyntheticStep synthesize_topk(const Layers& layers, const SchemeOptions& options, std::uint64_t) {
  refuse_warmup_of_synthetic(options);
  if (options.has(sample_option)) {
    refuse_option(sample_option, "has no effect with `source` synthetic", {},
                  "leave it out: nothing is compared with a threshold");
  }
  const LayerSplit split(layers, options);
  TopkStep sizes{.pruned = split.pruned_parameters,
                 .tensors = split.pruned.size(),
                 .whole = split.whole_parameters,
                 .clips = options.has(clip_option),
                 .with_velocity = momentum_correction_of(options),
                 .value = bytes_of(value_type_of(options)),
                 .sent = {},
                 .masks = {}};
  const auto kept = split.kept_counts(density_of(options));
  if (sums_on_ring(options)) {
    const auto united = united_layers(split, kept);
    sizes.union_kept = union_counts(united, options.ranks);
    sizes.parts = draw_chunk_parts(united, options.ranks, options.seed, options.draw_of(0));
  }
  const auto message = synthetic_mask_size(split, kept, 1, mask_encoding_of(options));
  sizes.sent.assign(options.ranks, {.kept = sum_of(kept),
                                    .mask = message.mask,
                                    .header = message.header,
                                    .tested = split.pruned_parameters});
  return {.stages = topk_stages(sizes),
          .layers = split.outcomes_of(kept),
          .state_per_rank = residual_bytes(split, sizes.with_velocity) +
                            Bytes{sizeof(prune::MaskWord) * split.words}};
}

}  // namespace

TopkScheme::TopkScheme(const Layers& layers, const SchemeOptions& options)
    : ResidualScheme(layers, options, momentum_correction_of(options)),
      sample_(options.get<double>(sample_option)),
      clip_(options.find<double>(clip_option)),
      on_ring_(sums_on_ring(options)),
      seed_(options.seed),
      encoding_(mask_encoding_of(options)),
      ranks_(options.ranks),
      zero_weights_(total_parameters(layers)),
      decoded_(options.ranks, std::vector<prune::MaskWord>(residuals_.split().words)),
      union_(residuals_.split().words) {
  for (auto& state : ranks_) {
    state.segments = residuals_.split().segments;
    for (auto& segment : state.segments) segment.floor = 1;  // the threshold is one of |r|
    state.mask.resize(union_.size());
  }
}

std::span<const float> TopkScheme::clip(RankState& state, std::span<const float> gradient) const {
  if (!clip_) return gradient;
  double square = 0;
  for (const float g : gradient) square += static_cast<double>(g) * g;
  const double limit = *clip_ / std::sqrt(static_cast<double>(ranks_.size()));
  if (!(square > limit * limit)) return gradient;
  const auto scale = static_cast<float>(limit / std::sqrt(square));
  state.clipped.resize(gradient.size());
  std::ranges::transform(gradient, state.clipped.begin(), [&](float g) { return scale * g; });
  return state.clipped;
}

void TopkScheme::find_thresholds(Rank rank, std::uint64_t step, double density) {
  auto& state = ranks_[rank];
  const std::span<const float> residual = residuals_.of(rank).residual;
  Random random(seed_, Purpose::sample_start, rank, step);
  for (auto& segment : state.segments) {
    const std::size_t stride = sample_stride(segment.parameters, sample_, density);
    const float threshold = sampled_threshold(residual.subspan(segment.offset, segment.parameters),
                                              density, random.below(stride), stride, state.sample);
    // The engine keeps what is above its threshold; here what reaches it is kept.
    segment.threshold = std::nextafter(threshold, 0.0F);
  }
}

bool TopkScheme::settle(Rank rank, std::size_t segment, std::uint64_t passed, double density) {
  auto& state = ranks_[rank];
  auto& own = state.segments[segment];
  const std::size_t wanted = kept_count(density, own.parameters);
  const auto words =
      std::span(state.mask).subspan(own.mask_offset, prune::mask_words(own.parameters));
  const auto count = static_cast<double>(passed), target = static_cast<double>(wanted);
  if (sample_stride(own.parameters, sample_, density) > 1) {
    if (count < too_few * target && own.threshold > 0) return false;
    if (count > too_many * target) {
      const auto residual = std::span<const float>(residuals_.of(rank).residual);
      own.threshold =
          keep_largest(residual.subspan(own.offset, own.parameters), wanted, words, state.sample);
      state.tested += passed;
      return true;
    }
  }
  keep_first(words, wanted);
  return true;
}

void TopkScheme::select(Rank rank, double density) {
  auto& state = ranks_[rank];
  auto& own = residuals_.of(rank);
  const prune::SelectBuffers buffers{{}, own.residual, {}, zero_weights_, state.mask};
  std::vector<std::size_t> pending(state.segments.size());
  for (std::size_t s = 0; s < pending.size(); ++s) pending[s] = s;
  state.tested = 0;
  for (int round = 0; !pending.empty(); ++round) {
    std::vector<prune::Segment> segments;
    for (const std::size_t s : pending) {
      segments.push_back(state.segments[s]);
      state.tested += segments.back().parameters;
    }
    std::vector<prune::Statistics> statistics(segments.size());
    own.engine->select(buffers, 0, segments, statistics);
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if (settle(rank, pending[i], statistics[i].kept, density) || round == adaptations) continue;
      state.segments[pending[i]].threshold *= static_cast<float>(too_few);
      again.push_back(pending[i]);
    }
    pending = std::move(again);
  }
}

void TopkScheme::contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                            std::span<const float>) {
  auto& state = ranks_[rank];
  const double density = density_in(step);
  residuals_.accumulate(rank, clip(state, gradient));
  find_thresholds(rank, step, density);
  select(rank, density);
  residuals_.pack(rank, state.mask);
  state.message = encode_masks(state.mask, state.segments, encoding_);
}

void TopkScheme::send_nothing(Rank rank) {
  auto& state = ranks_[rank];
  std::ranges::fill(state.mask, 0);
  state.message = encode_masks(state.mask, state.segments, encoding_);
  state.message.mask_bytes = state.message.header_bytes = 0;
  state.tested = 0;
}

std::vector<LayerOutcome> TopkScheme::layer_outcomes() const {
  const auto& split = residuals_.split();
  auto outcomes = split.outcomes(union_);
  const auto ranks = static_cast<double>(ranks_.size());
  for (std::size_t s = 0; s < split.segments.size(); ++s) {
    double kept = 0, threshold = 0;
    for (const auto& state : ranks_) {
      kept += static_cast<double>(split.kept_in(state.mask, s));
      threshold += state.segments[s].threshold;
    }
    outcomes[split.pruned[s]].kept = static_cast<std::uint64_t>(std::llround(kept / ranks));
    outcomes[split.pruned[s]].threshold = threshold / ranks;
  }
  return outcomes;
}

void TopkScheme::keep(Rank rank, std::span<const float> gradient) {
  residuals_.accumulate(rank, clip(ranks_[rank], gradient));
}

StepOutcome TopkScheme::exchange_among(std::uint64_t, std::span<const Rank> present) {
  std::fill(union_.begin(), union_.end(), 0);
  for (Rank rank = 0; rank < residuals_.ranks(); ++rank) {
    if (!std::ranges::binary_search(present, rank)) send_nothing(rank);
  }
  for (Rank rank = 0; rank < residuals_.ranks(); ++rank) {
    decode_masks(ranks_[rank].message.bytes, residuals_.split().segments, decoded_[rank]);
    prune::unite(union_, decoded_[rank]);
  }
  StepOutcome outcome;
  outcome.mean = residuals_.gather(decoded_, present, on_ring_);
  TopkStep sizes{.pruned = residuals_.split().pruned_parameters,
                 .tensors = residuals_.split().pruned.size(),
                 .whole = residuals_.split().whole_parameters,
                 .clips = clip_.has_value(),
                 .with_velocity = residuals_.momentum_correction(),
                 .value = bytes_of(residuals_.values()),
                 .sent = {},
                 .masks = on_ring_ ? decoded_ : std::vector<std::vector<prune::MaskWord>>()};
  for (Rank rank = 0; rank < residuals_.ranks(); ++rank) {
    const auto& state = ranks_[rank];
    sizes.sent.push_back({.kept = residuals_.split().kept(state.mask),
                          .mask = {state.message.mask_bytes},
                          .header = {state.message.header_bytes},
                          .tested = state.tested});
  }
  outcome.stages = topk_stages(sizes);
  outcome.layers = layer_outcomes();
  residuals_.split().mark_whole(union_);
  outcome.mask = union_;
  rank_masks_ = decoded_;
  for (const Rank rank : present) residuals_.split().mark_whole(rank_masks_[rank]);
  outcome.rank_masks = rank_masks_;
  return outcome;
}

double TopkScheme::drop(Rank rank) {
  const double sent = sum_of_magnitudes(residuals_.of(rank).packed);  // it will not be
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  decoded_.pop_back();
  return sent + residuals_.drop(rank);
}

Bytes TopkScheme::state_bytes() const {
  return residuals_.state_bytes() + ranks_.size() * Bytes{sizeof(prune::MaskWord) * union_.size()};
}

namespace {
constexpr const SchemeOption* topk_options[] = {
    &density_option,        &warmup_option,        &momentum_correction_option,
    &factor_masking_option, &mask_encoding_option, &clip_option,
    &sample_option,         &whole_below_option,   &values_option,
    &sparse_sum_option,     &engine_option};
}  // namespace

extern const SchemeDefinition topk_scheme;
const SchemeDefinition topk_scheme = {
    .name = "topk",
    .description = "every rank's largest residuals, with their places, all-gathered",
    .source = "Lin et al., arXiv 1712.01887 (Deep Gradient Compression)",
    .equation =
        "R += G; M = the largest density*n of a rank's own |R|; update = sum over ranks of M*R / "
        "ranks; R -= M*R",
    .defaults = {.learning_rate = 0.2, .momentum = 0.5},
    .options = topk_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<TopkScheme>(layers, options);
    },
    .warmup_steps = density_warmup_steps,
    .synthesize = synthesize_topk,
    .takes_quorum = true,
};

}  // namespace ringsim
