#include "models/schemes/iwp.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "models/schemes/random_mask.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace ringsim {

constinit const SchemeOption threshold_option = {
    {.name = "threshold",
     .value = "POLICY",
     .meaning = "density (steered to `density` from step to step), quantile (each rank's own, of a "
                "sample in each step), fixed:T, or dispersion:K (mean + K stddev)",
     .limits = Custom{[] { return std::string(accepted_thresholds); },
                      [] {
                        return std::vector<std::string>{"density", "quantile"};
                      },
                      [](std::string_view text) { parse_threshold(text); }},
     .default_value = "density",
     .needs = "`source` train"},
    {.of_pruned_layers = true}};
constinit const SchemeOption broadcasters_option = {
    {.name = "broadcasters",
     .value = "R",
     .meaning = "ranks that broadcast a mask in a step",
     .limits = WholeNumber{1, 1 << 20},
     .default_value = "4"},
    {.of_pruned_layers = true}};
constinit const SchemeOption floor_option = {
    {.name = "floor",
     .value = "X",
     .meaning = "weights count as at least X times the layer's root mean square in the importance",
     .limits = Number{1e-9, 1e9},
     .default_value = "1",
     .needs = "`source` train"},
    {.of_pruned_layers = true}};
constinit const SchemeOption tail_option = {
    {.name = "tail",
     .value = "X",
     .meaning = "chance at which a broadcaster keeps a coordinate below the threshold",
     .limits = Number{.minimum = 0, .maximum = 1, .below_maximum = true},
     .default_value = "0",
     .needs = "`source` train"},
    {.of_pruned_layers = true}};
constinit const SchemeOption mask_interval_option = {{.name = "mask-interval",
                                                      .value = "K",
                                                      .meaning = "steps that the masks serve",
                                                      .limits = WholeNumber{1, 1'000'000},
                                                      .default_value = "1"},
                                                     {.of_pruned_layers = true}};

namespace {

Rank broadcasters_of(const SchemeOptions& options) {
  if (const auto given = options.find<Rank>(broadcasters_option)) return *given;
  return std::min(options.get<Rank>(broadcasters_option), options.ranks);
}

double rms(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// A tail that alone keeps more than the density leaves nothing to steer.
void check_tail(const SchemeOptions& options, const ThresholdOption& threshold) {
  const auto tail = options.get<double>(tail_option);
  if (!meets_density(threshold.policy)) return;
  const Rank broadcasters = broadcasters_of(options);
  const double density = density_of(options);
  const double limit = 1 - std::pow(1 - density, 1.0 / broadcasters);
  if (tail == 0 || tail < limit) return;
  refuse_option(tail_option, fmt::format("found {}", tail),
                fmt::format("below {:.3g} is accepted: {} broadcasters would keep {:.3g} by chance "
                            "alone, more than `density` {:.3g}",
                            limit, broadcasters, 1 - std::pow(1 - tail, broadcasters), density));
}

void check_options(const SchemeOptions& options, const ThresholdOption& threshold) {
  const Rank broadcasters = broadcasters_of(options);
  if (broadcasters > options.ranks) {
    refuse_option(broadcasters_option, fmt::format("found {}", broadcasters),
                  fmt::format("1 to {} (the number of ranks) is accepted", options.ranks));
  }
  check_tail(options, threshold);
  if (meets_density(threshold.policy)) return;
  const std::string beside =
      fmt::format("has no effect with `threshold` {}", options.get<std::string>(threshold_option));
  constexpr std::string_view fix = "use `threshold` density, or leave the option out";
  if (options.has(density_option)) refuse_option(density_option, beside, {}, fix);
  if (options.get<std::uint64_t>(warmup_option) > 0) refuse_option(warmup_option, beside, {}, fix);
}

}  // namespace

IwpScheme::IwpScheme(const Layers& layers, const SchemeOptions& options, Importance importance)
    : ResidualScheme(layers, options, momentum_correction_of(options)),
      segments_(residuals_.split().segments),
      threshold_(parse_threshold(options.get<std::string>(threshold_option))),
      starts_(segments_.size()),
      controllers_(segments_.size()),
      seed_(options.seed),
      broadcasters_(broadcasters_of(options)),
      encoding_(mask_encoding_of(options)),
      floor_(options.get<double>(floor_option)),
      tail_(options.get<double>(tail_option)),
      mask_interval_(options.get<std::uint64_t>(mask_interval_option)),
      ranks_(options.ranks),
      union_(residuals_.split().words),
      decoded_(union_.size()),
      none_(union_.size()) {
  check_options(options, threshold_);
  if (importance == Importance::magnitude) zero_weights_.resize(total_parameters(layers));
  if (threshold_.policy == ThresholdPolicy::fixed) {
    for (auto& segment : segments_) segment.threshold = static_cast<float>(threshold_.parameter);
  }
  for (auto& state : ranks_) {
    state.mask.resize(union_.size());
    state.segments = segments_;
    state.statistics.resize(segments_.size());
  }
  prepare_start(0);
}

std::vector<Rank> IwpScheme::broadcasters(std::uint64_t step) const {
  return draw_broadcasters(seed_, step - step % mask_interval_, static_cast<Rank>(ranks_.size()),
                           broadcasters_);
}

std::vector<Rank> IwpScheme::broadcasters(std::uint64_t step, std::span<const Rank> present) const {
  const auto count = static_cast<Rank>(present.size());
  auto drawn =
      draw_broadcasters(seed_, step - step % mask_interval_, count, std::min(broadcasters_, count));
  for (Rank& rank : drawn) rank = present[rank];
  return drawn;
}

void IwpScheme::set_floors(RankState& state, std::span<const float> weights) const {
  for (auto& segment : state.segments) {
    const auto layer = weights.subspan(segment.offset, segment.parameters);
    segment.floor = std::max(static_cast<float>(floor_ * rms(layer)), FLT_MIN);
  }
}

void IwpScheme::contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                           std::span<const float> weights) {
  if (!makes_masks(step)) return residuals_.accumulate(rank, gradient);
  residuals_.accumulate_whole_layers(rank, gradient);
  select(rank, step, gradient, weights);
}

void IwpScheme::select(Rank rank, std::uint64_t step, std::span<const float> gradient,
                       std::span<const float> weights) {
  auto& state = ranks_[rank];
  auto& own = residuals_.of(rank);
  set_floors(state, weights);
  const bool by_ratio = zero_weights_.empty();
  // Where the importance is a magnitude every weight counts as the floor.
  prune::SelectBuffers buffers{gradient, own.residual, own.velocity,
                               by_ratio ? weights : zero_weights_, state.mask};
  const auto pass = [&] {
    own.engine->select(buffers, residuals_.momentum(), state.segments, state.statistics);
  };
  // Where nothing is known of the importance yet a first pass accumulates and selects nothing, and
  // a second one selects.
  const auto accumulate = [&] {
    for (auto& segment : state.segments) {
      segment.threshold = std::numeric_limits<float>::infinity();
    }
    pass();
    buffers.gradient = {};
    state.sampled.assign(segments_.size(), 0);
  };
  state.sampled.clear();
  if (threshold_.policy == ThresholdPolicy::dispersion) {
    if (!std::exchange(state.has_statistics, true)) accumulate();
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      state.segments[s].threshold =
          dispersion_threshold(state.statistics[s], segments_[s].parameters, threshold_.parameter);
    }
  } else if (takes_quantiles()) {
    accumulate();
    find_quantiles(rank, step, buffers.weight);
  } else {
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      state.segments[s].threshold = segments_[s].threshold;
    }
  }
  pass();
}

std::vector<std::size_t> IwpScheme::sampled() const {
  std::vector<std::size_t> counts;
  if (std::ranges::all_of(ranks_, [](const auto& state) { return state.sampled.empty(); }))
    return counts;
  for (const auto& state : ranks_)
    counts.push_back(std::reduce(state.sampled.begin(), state.sampled.end()));
  return counts;
}

void IwpScheme::add_tail(Rank rank, std::uint64_t step) {
  if (tail_ == 0) return;
  Random random(seed_, Purpose::stochastic_tail, rank, step);
  for (const auto& segment : segments_) {
    draw_bits(random, tail_, segment.parameters,
              std::span(ranks_[rank].mask).subspan(segment.mask_offset));
  }
}

std::vector<BroadcastMask> IwpScheme::exchange_masks(const std::vector<Rank>& broadcasters,
                                                     std::uint64_t step) {
  std::fill(union_.begin(), union_.end(), 0);
  std::vector<BroadcastMask> masks;
  for (const Rank rank : broadcasters) {
    add_tail(rank, step);
    const auto message = encode_masks(ranks_[rank].mask, segments_, encoding_);
    masks.push_back({rank, {message.mask_bytes}, {message.header_bytes}});
    // From the next step on all ranks use the mean of these thresholds.
    if (threshold_.policy == ThresholdPolicy::density && masks_made_ + 1 == DensityStart::steps)
      masks.back().header += segments_.size() * Bytes{sizeof(float)};
    decode_masks(message.bytes, segments_, decoded_);
    prune::unite(union_, decoded_);
  }
  return masks;
}

std::vector<LayerOutcome> IwpScheme::layer_outcomes(const std::vector<Rank>& broadcasters) const {
  auto outcomes = residuals_.split().outcomes(union_);
  if (broadcasters.empty()) return outcomes;
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    double threshold = 0, sum = 0, square_sum = 0;
    for (const Rank rank : broadcasters) {
      threshold += ranks_[rank].segments[s].threshold;
      sum += ranks_[rank].statistics[s].importance_sum;
      square_sum += ranks_[rank].statistics[s].importance_square_sum;
    }
    const auto r = static_cast<double>(broadcasters.size());
    const double n = r * static_cast<double>(segments_[s].parameters);
    auto& outcome = outcomes[residuals_.split().pruned[s]];
    outcome.threshold = threshold / r;
    outcome.importance_mean = sum / n;
    outcome.importance_stddev = std::sqrt(std::max(0.0, square_sum / n - (sum / n) * (sum / n)));
  }
  return outcomes;
}

StepOutcome IwpScheme::exchange_among(std::uint64_t step, std::span<const Rank> present) {
  std::vector<Rank> ranks;  // whose masks are exchanged
  std::vector<BroadcastMask> masks;
  if (makes_masks(step)) {
    ranks = broadcasters(step, present);
    masks = exchange_masks(ranks, step);
  }
  const auto& split = residuals_.split();
  StepOutcome outcome;
  outcome.stages = shared_mask_stages({.ranks = residuals_.ranks(),
                                       .pruned = split.pruned_parameters,
                                       .tensors = split.pruned.size(),
                                       .whole = split.whole_parameters,
                                       .kept = split.kept(union_),
                                       .with_velocity = residuals_.momentum_correction(),
                                       .reads_weights = zero_weights_.empty(),
                                       .value = bytes_of(residuals_.values()),
                                       .masks = std::move(masks),
                                       .sampled = sampled()});
  outcome.mean = residuals_.reduce(union_, present);
  split.mark_whole(union_);
  outcome.mask = union_;
  outcome.layers = layer_outcomes(ranks);
  if (makes_masks(step)) steer(step, ranks);
  return outcome;
}

double IwpScheme::drop(Rank rank) {
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  broadcasters_ = std::min(broadcasters_, static_cast<Rank>(ranks_.size()));
  return residuals_.drop(rank);
}

std::optional<Scheme::Selection> IwpScheme::selection(Rank rank, std::uint64_t step) const {
  const auto& state = ranks_[rank];
  const bool selects = makes_masks(step);
  Selection selection{.broadcasts = selects && std::ranges::binary_search(broadcasters(step), rank),
                      .layers = residuals_.split().pruned,
                      .segments = state.segments,
                      .mask = selects ? state.mask : none_,
                      .packed = residuals_.of(rank).packed};
  if (selects) selection.sampled = state.sampled;
  return selection;
}

Bytes IwpScheme::state_bytes() const {
  return residuals_.state_bytes() + ranks_.size() * Bytes{sizeof(prune::MaskWord) * union_.size()};
}

SyntheticStep synthesize_importance(const Layers& layers, const SchemeOptions& options,
                                    std::uint64_t step, Importance importance) {
  check_options(options, parse_threshold("density"));
  refuse_warmup_of_synthetic(options);
  const std::string no_effect = "has no effect with `source` synthetic";
  for (const auto* needs_values : {&floor_option, &tail_option}) {
    if (!options.has(*needs_values)) continue;
    refuse_option(*needs_values, no_effect, {},
                  "leave it out: nothing is compared with a threshold");
  }
  const auto policy = parse_threshold(options.get<std::string>(threshold_option)).policy;
  if (!meets_density(policy)) {
    refuse_option(threshold_option, no_effect, {},
                  "use quantile or density: nothing is compared with a threshold");
  }
  return synthesize_shared_mask(layers,
                                {.density = density_of(options),
                                 .broadcasters = broadcasters_of(options),
                                 .encoding = mask_encoding_of(options),
                                 .with_velocity = momentum_correction_of(options),
                                 .reads_weights = importance == Importance::ratio,
                                 .by_quantile = policy == ThresholdPolicy::quantile,
                                 .mask_interval = options.get<std::uint64_t>(mask_interval_option)},
                                options, step);
}

namespace {
constexpr const SchemeOption* iwp_options[] = {
    &density_option,        &threshold_option,   &broadcasters_option,
    &mask_encoding_option,  &floor_option,       &tail_option,
    &mask_interval_option,  &warmup_option,      &momentum_correction_option,
    &factor_masking_option, &whole_below_option, &values_option,
    &engine_option,         &masks_ahead_option};

SyntheticStep synthesize(const Layers& layers, const SchemeOptions& options, std::uint64_t step) {
  return synthesize_importance(layers, options, step, Importance::ratio);
}
}  // namespace

extern const SchemeDefinition iwp_scheme;
const SchemeDefinition iwp_scheme = {
    .name = "iwp",
    .description =
        "importance-weighted pruning: a few ranks broadcast masks, all reduce what they cover",
    .source = "Cheng & Xu, arXiv 1901.01544",
    .equation =
        "R += G; importance = |R| / max(|w|, floor * rms(w)); M = union over broadcasters of "
        "(importance > threshold); update = mean of M*R; R -= M*R",
    .defaults = {.learning_rate = 0.3, .momentum = 0},
    .options = iwp_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<IwpScheme>(layers, options);
    },
    .warmup_steps = density_warmup_steps,
    .synthesize = synthesize,
    .replay = [](const SharedMaskStep& step) { return shared_mask_stages(step); },
    .takes_quorum = true,
};

}  // namespace ringsim
