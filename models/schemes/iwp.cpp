#include "models/schemes/iwp.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "models/prune/dispatch.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/synthetic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

namespace ringsim {
namespace {

constexpr double default_density = 1.0 / 84;
constexpr Rank default_broadcasters = 4;
constexpr double default_floor = 1.0;
constexpr std::size_t default_whole_below = 1024;

constexpr prune::MaskWord all_ones = ~prune::MaskWord{0};

const MaskEncoding* find_encoding(std::string_view name) {
  if (name == "auto") return nullptr;
  std::vector<std::string> names{"auto"};
  for (const auto* encoding : mask_encodings()) {
    if (encoding->name == name) return encoding;
    names.emplace_back(encoding->name);
  }
  throw UserError({{}, "--mask-encoding"},
                  fmt::format("unknown encoding \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

double rms(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

void check_options(const SchemeOptions& options, const ThresholdOption& threshold) {
  const auto refuse = [](std::string_view option, const std::string& found,
                         std::string_view accepted, std::string_view fix = {}) {
    throw UserError({{}, std::string(option)}, found, accepted, fix);
  };
  const double density = options.density.value_or(default_density);
  if (!(density > 0 && density <= 1)) {
    refuse("--density", fmt::format("found {}", density),
           "a number above 0 and at most 1 is accepted");
  }
  const Rank broadcasters = options.broadcasters.value_or(1);
  if (broadcasters < 1 || broadcasters > options.ranks) {
    refuse("--broadcasters", fmt::format("found {}", broadcasters),
           fmt::format("1 to {} (the number of ranks) is accepted", options.ranks));
  }
  if (options.floor && !(*options.floor > 0 && std::isfinite(*options.floor))) {
    refuse("--floor", fmt::format("found {}", *options.floor), "a number above 0 is accepted");
  }
  if (threshold.policy == ThresholdPolicy::density) return;
  constexpr std::string_view fix = "use --threshold density, or leave the option out";
  if (options.density) {
    refuse("--density", fmt::format("has no effect with --threshold {}", *options.threshold), {},
           fix);
  }
  if (options.warmup_epochs.value_or(0) > 0) {
    refuse("--warmup", fmt::format("has no effect with --threshold {}", *options.threshold), {},
           fix);
  }
}

}  // namespace

IwpScheme::IwpScheme(const Layers& layers, const SchemeOptions& options)
    : layers_(layers),
      parameters_(total_parameters(layers)),
      threshold_(parse_threshold(options.threshold.value_or("density"))),
      density_(options.density.value_or(default_density)),
      seed_(options.seed),
      steps_per_epoch_(options.steps_per_epoch),
      warmup_epochs_(options.warmup_epochs.value_or(0)),
      broadcasters_(options.broadcasters.value_or(std::min(default_broadcasters, options.ranks))),
      encoding_(find_encoding(options.mask_encoding.value_or("auto"))),
      floor_(options.floor.value_or(default_floor)),
      momentum_(static_cast<float>(options.momentum)),
      momentum_correction_(options.momentum_correction.value_or(options.momentum > 0)),
      ranks_(options.ranks),
      mean_(parameters_) {
  check_options(options, threshold_);
  const std::size_t whole_below = options.whole_below.value_or(default_whole_below);
  const float first_threshold =
      threshold_.policy == ThresholdPolicy::fixed ? static_cast<float>(threshold_.parameter) : 1.0F;
  std::size_t words = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto& layer = layers_[i];
    if (layer.parameters < whole_below) {
      whole_.push_back(i);
      whole_parameters_ += layer.parameters;
    } else {
      pruned_.push_back(i);
      segments_.push_back({layer.offset, layer.parameters, words, first_threshold, FLT_MIN});
    }
    words += prune::mask_words(layer.parameters);
  }
  controllers_.resize(segments_.size());
  union_.resize(words);
  decoded_.resize(words);
  for (auto& state : ranks_) {
    state.engine = prune::make_engine(options.engine);
    state.residual.resize(parameters_);
    if (momentum_correction_) state.velocity.resize(parameters_);
    state.mask.resize(words);
    state.segments = segments_;
    state.statistics.resize(segments_.size());
  }
}

std::vector<Rank> IwpScheme::broadcasters(std::uint64_t step) const {
  return draw_broadcasters(seed_, step, static_cast<Rank>(ranks_.size()), broadcasters_);
}

void IwpScheme::accumulate_whole_layers(RankState& state, std::span<const float> gradient) const {
  for (const std::size_t index : whole_) {
    const auto& layer = layers_[index];
    for (std::size_t i = layer.offset; i < layer.offset + layer.parameters; ++i) {
      float sent = gradient[i];
      if (momentum_correction_)
        sent = state.velocity[i] = momentum_ * state.velocity[i] + gradient[i];
      state.residual[i] += sent;
    }
  }
}

void IwpScheme::set_floors(RankState& state, std::span<const float> weights) const {
  for (auto& segment : state.segments) {
    const auto layer = weights.subspan(segment.offset, segment.parameters);
    segment.floor = std::max(static_cast<float>(floor_ * rms(layer)), FLT_MIN);
  }
}

void IwpScheme::contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                           std::span<const float> weights) {
  auto& state = ranks_[rank];
  accumulate_whole_layers(state, gradient);
  set_floors(state, weights);
  prune::SelectBuffers buffers{gradient, state.residual, state.velocity, weights, state.mask};
  if (threshold_.policy == ThresholdPolicy::dispersion) {
    if (step == 0) {
      // Nothing is known of the importance yet: a first pass accumulates and selects nothing, a
      // second one selects.
      for (auto& segment : state.segments) {
        segment.threshold = std::numeric_limits<float>::infinity();
      }
      state.engine->select(buffers, momentum_, state.segments, state.statistics);
      buffers.gradient = {};
    }
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      state.segments[s].threshold =
          dispersion_threshold(state.statistics[s], segments_[s].parameters, threshold_.parameter);
    }
  } else {
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      state.segments[s].threshold = segments_[s].threshold;
    }
  }
  state.engine->select(buffers, momentum_, state.segments, state.statistics);
}

std::vector<BroadcastMask> IwpScheme::exchange_masks(const std::vector<Rank>& broadcasters) {
  std::fill(union_.begin(), union_.end(), 0);
  std::vector<BroadcastMask> masks;
  for (const Rank rank : broadcasters) {
    const auto message = encode_masks(ranks_[rank].mask, segments_, encoding_);
    masks.push_back({rank, {message.mask_bytes}, {message.header_bytes}});
    decode_masks(message.bytes, segments_, decoded_);
    prune::unite(union_, decoded_);
  }
  return masks;
}

std::size_t IwpScheme::kept_in(std::size_t segment) const {
  const auto& s = segments_[segment];
  return prune::count(std::span(union_).subspan(s.mask_offset, prune::mask_words(s.parameters)));
}

void IwpScheme::pack_all(std::size_t kept) {
  for (auto& state : ranks_) {
    state.packed.resize(kept + whole_parameters_);
    const std::size_t packed =
        state.engine->pack(union_, segments_, state.residual, state.velocity, state.packed);
    check(packed == kept, "iwp: packed another number of values than the mask has bits");
    auto next = state.packed.begin() + static_cast<std::ptrdiff_t>(kept);
    for (const std::size_t index : whole_) {
      const auto layer =
          std::span(state.residual).subspan(layers_[index].offset, layers_[index].parameters);
      next = std::copy(layer.begin(), layer.end(), next);
      std::fill(layer.begin(), layer.end(), 0.0F);
    }
  }
}

void IwpScheme::unpack_mean(std::size_t kept) {
  packed_mean_.resize(kept + whole_parameters_);
  std::vector<std::span<const float>> packed;
  for (const auto& state : ranks_) packed.emplace_back(state.packed);
  mean_over_ranks(packed, packed_mean_);
  std::fill(mean_.begin(), mean_.end(), 0.0F);
  ranks_.front().engine->unpack(union_, segments_, std::span(packed_mean_).first(kept), mean_);
  auto next = packed_mean_.begin() + static_cast<std::ptrdiff_t>(kept);
  prune::MaskWord* const words = union_.data();
  std::size_t mask_offset = 0, following = 0;
  for (const std::size_t index : whole_) {
    for (; following < index; ++following) {
      mask_offset += prune::mask_words(layers_[following].parameters);
    }
    const std::size_t parameters = layers_[index].parameters;
    std::copy_n(next, parameters,
                mean_.begin() + static_cast<std::ptrdiff_t>(layers_[index].offset));
    next += static_cast<std::ptrdiff_t>(parameters);
    std::fill_n(words + mask_offset, parameters / 64, all_ones);
    if (parameters % 64 != 0)
      words[mask_offset + parameters / 64] = ~(all_ones << (parameters % 64));
  }
}

std::vector<LayerOutcome> IwpScheme::layer_outcomes(const std::vector<Rank>& broadcasters) const {
  std::vector<LayerOutcome> outcomes(layers_.size());
  for (const std::size_t index : whole_) outcomes[index].kept = layers_[index].parameters;
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    double threshold = 0, sum = 0, square_sum = 0;
    for (const Rank rank : broadcasters) {
      threshold += ranks_[rank].segments[s].threshold;
      sum += ranks_[rank].statistics[s].importance_sum;
      square_sum += ranks_[rank].statistics[s].importance_square_sum;
    }
    const auto r = static_cast<double>(broadcasters.size());
    const double n = r * static_cast<double>(segments_[s].parameters);
    auto& outcome = outcomes[pruned_[s]];
    outcome.threshold = threshold / r;
    outcome.kept = kept_in(s);
    outcome.importance_mean = sum / n;
    outcome.importance_stddev = std::sqrt(std::max(0.0, square_sum / n - (sum / n) * (sum / n)));
  }
  return outcomes;
}

void IwpScheme::steer(std::uint64_t step) {
  if (threshold_.policy != ThresholdPolicy::density) return;
  const double target = warmup_density(density_, step / steps_per_epoch_, warmup_epochs_);
  for (std::size_t s = 0; s < segments_.size(); ++s) {
    const double share =
        static_cast<double>(kept_in(s)) / static_cast<double>(segments_[s].parameters);
    controllers_[s].update(share, target);
    segments_[s].threshold = controllers_[s].threshold();
  }
}

StepOutcome IwpScheme::exchange(std::uint64_t step) {
  const auto ranks = broadcasters(step);
  auto masks = exchange_masks(ranks);
  std::size_t kept = 0;
  for (std::size_t s = 0; s < segments_.size(); ++s) kept += kept_in(s);
  pack_all(kept);
  unpack_mean(kept);
  StepOutcome outcome;
  outcome.stages = shared_mask_stages({.ranks = static_cast<Rank>(ranks_.size()),
                                       .pruned = parameters_ - whole_parameters_,
                                       .whole = whole_parameters_,
                                       .kept = kept,
                                       .with_velocity = momentum_correction_,
                                       .masks = std::move(masks)});
  outcome.mean = mean_;
  outcome.mask = union_;
  outcome.layers = layer_outcomes(ranks);
  steer(step);
  return outcome;
}

double IwpScheme::drop(Rank rank) {
  double lost = 0;
  for (const float value : ranks_[rank].residual) lost += std::abs(static_cast<double>(value));
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  broadcasters_ = std::min(broadcasters_, static_cast<Rank>(ranks_.size()));
  return lost;
}

std::optional<Scheme::Selection> IwpScheme::selection(Rank rank, std::uint64_t step) const {
  const auto& state = ranks_[rank];
  Selection selection{.broadcasts = std::ranges::binary_search(broadcasters(step), rank),
                      .layers = pruned_,
                      .segments = state.segments,
                      .mask = state.mask,
                      .packed = state.packed};
  return selection;
}

Bytes IwpScheme::state_bytes() const {
  return ranks_.size() * Bytes{(momentum_correction_ ? 2 : 1) * sizeof(float) * parameters_ +
                               sizeof(prune::MaskWord) * union_.size()};
}

extern const SchemeDefinition iwp_scheme;

namespace {
constexpr std::string_view iwp_options[] = {
    "density", "threshold",           "broadcasters", "mask-encoding", "floor",
    "warmup",  "momentum-correction", "whole-below",  "engine"};

SyntheticStep synthesize_iwp(const Layers& layers, const SchemeOptions& options,
                             std::uint64_t step) {
  check_options(options, parse_threshold("density"));
  const auto needs_values = [](std::string_view option, bool is_given) {
    if (!is_given) return;
    throw UserError({{}, std::string(option)}, "has no effect with --source synthetic", {},
                    "leave it out: nothing is compared with a threshold");
  };
  needs_values("--threshold", options.threshold.has_value());
  needs_values("--floor", options.floor.has_value());
  needs_values("--warmup", options.warmup_epochs.has_value());
  return synthesize_shared_mask(
      layers,
      {.density = options.density.value_or(default_density),
       .broadcasters = options.broadcasters.value_or(std::min(default_broadcasters, options.ranks)),
       .encoding = find_encoding(options.mask_encoding.value_or("auto")),
       .whole_below = options.whole_below.value_or(default_whole_below),
       .with_velocity = options.momentum_correction.value_or(options.momentum > 0)},
      options, step);
}
}  // namespace

const SchemeDefinition iwp_scheme = {
    .name = "iwp",
    .description =
        "importance-weighted pruning: a few ranks broadcast masks, all reduce what they cover",
    .source = "Cheng & Xu, arXiv 1901.01544",
    .defaults = {.learning_rate = 0.3, .momentum = 0},
    .options = iwp_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<IwpScheme>(layers, options);
    },
    .warmup_steps = [](const SchemeOptions& options) -> std::uint64_t {
      return options.warmup_epochs.value_or(0) * options.steps_per_epoch;
    },
    .synthesize = synthesize_iwp,
};

}  // namespace ringsim
