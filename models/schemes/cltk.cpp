#include "models/schemes/cltk.hpp"

#include "models/schemes/shared_mask.hpp"
#include "models/schemes/synthetic.hpp"
#include "models/schemes/top_k.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ringsim {
namespace {

constinit const SchemeOption filter_option = {
    {.name = "filter",
     .value = "X",
     .meaning = "share of a step's error that enters the residual; ScaleCom takes 0.1",
     .limits = Number{1e-9, 1},
     .default_value = "1",
     .needs = "`momentum-correction` off"},
    {.of_pruned_layers = true}};

bool momentum_correction_of_cltk(const SchemeOptions& options) {
  return options.find<bool>(momentum_correction_option).value_or(false);
}

// The leader finds the k-th largest in four passes over r (a radix select of 8 bits each), reads r
// once more, writes the bitmap, reads it and writes the message. The filter reads g and r and
// writes r.
std::vector<Stage> cltk_stages(const SharedMaskStep& step, bool filtered) {
  auto stages = shared_mask_stages(step);
  const auto& message = step.masks.front();
  LocalWork select = accumulate_work(step.ranks, step.pruned + step.whole, step.with_velocity);
  select.moved[message.rank] +=
      Bytes{5 * 4 * step.pruned + step.pruned / 4} + message.mask + message.header;
  if (filtered) {
    for (auto& moved : select.moved) moved += Bytes{12 * step.pruned};
  }
  const auto& own = std::get<LocalWork>(stages.front().what);
  select.stage = own.stage;
  select.counts = own.counts;
  stages.front().what = std::move(select);
  return stages;
}

/// A leader's mask of as many coordinates as in a real step.
SyntheticStep synthesize_cltk(const Layers& layers, const SchemeOptions& options,
                              std::uint64_t step) {
  refuse_warmup_of_synthetic(options);
  const LayerSplit split(layers, options);
  const auto leader = static_cast<Rank>(step % options.ranks);
  const auto kept = split.kept_counts(density_of(options));
  const auto message = synthetic_mask_size(split, kept, 1, mask_encoding_of(options));
  return {.stages = cltk_stages({.ranks = options.ranks,
                                 .pruned = split.pruned_parameters,
                                 .tensors = split.pruned.size(),
                                 .whole = split.whole_parameters,
                                 .kept = sum_of(kept),
                                 .with_velocity = momentum_correction_of_cltk(options),
                                 .value = bytes_of(value_type_of(options)),
                                 .masks = {{leader, message.mask, message.header}}},
                                options.get<double>(filter_option) < 1),
          .layers = split.outcomes_of(kept),
          .state_per_rank = residual_bytes(split, momentum_correction_of_cltk(options))};
}

}  // namespace

CltkScheme::CltkScheme(const Layers& layers, const SchemeOptions& options)
    : ResidualScheme(layers, options, momentum_correction_of_cltk(options)),
      filter_(static_cast<float>(options.get<double>(filter_option))),
      encoding_(mask_encoding_of(options)),
      gradients_(options.ranks),
      mask_(residuals_.split().words),
      decoded_(mask_.size()),
      none_(mask_.size()),
      segments_(residuals_.split().segments) {
  if (filter_ < 1 && residuals_.momentum_correction()) {
    refuse_option(filter_option, "has no effect with `momentum-correction` on", {},
                  "leave one of the two out");
  }
}

void CltkScheme::contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                            std::span<const float>) {
  residuals_.accumulate(rank, gradient);
  gradients_[rank] = gradient;
}

void CltkScheme::select(std::uint64_t step) {
  const double density = density_in(step);
  const std::span<const float> residual = residuals_.of(leader_).residual;
  for (auto& segment : segments_) {
    const std::size_t n = segment.parameters, kept = kept_count(density, n);
    select_top_k(residual.subspan(segment.offset, n), kept,
                 std::span(mask_).subspan(segment.mask_offset, prune::mask_words(n)), scratch_);
    segment.threshold = scratch_[kept - 1];
  }
}

// Residuals::pack left m + g - sent.
void CltkScheme::damp(Rank rank) {
  auto& own = residuals_.of(rank);
  const auto& split = residuals_.split();
  const auto packed = std::span<const float>(own.packed);
  sent_.assign(own.residual.size(), 0.0F);
  own.engine->unpack(decoded_, split.segments, packed.first(packed.size() - split.whole_parameters),
                     sent_);
  for (const auto& segment : split.segments) {
    for (std::size_t i = segment.offset; i < segment.offset + segment.parameters; ++i)
      own.residual[i] += (1 - filter_) * (sent_[i] - gradients_[rank][i]);
  }
}

StepOutcome CltkScheme::exchange_among(std::uint64_t step, std::span<const Rank> present) {
  leader_ = present[step % present.size()];
  select(step);
  const auto& split = residuals_.split();
  const auto message = encode_masks(mask_, split.segments, encoding_);
  decode_masks(message.bytes, split.segments, decoded_);
  StepOutcome outcome;
  outcome.stages = cltk_stages({.ranks = residuals_.ranks(),
                                .pruned = split.pruned_parameters,
                                .tensors = split.pruned.size(),
                                .whole = split.whole_parameters,
                                .kept = split.kept(decoded_),
                                .with_velocity = residuals_.momentum_correction(),
                                .value = bytes_of(residuals_.values()),
                                .masks = {{leader_, {message.mask_bytes}, {message.header_bytes}}}},
                               filter_ < 1);
  outcome.mean = residuals_.reduce(decoded_, present);
  if (filter_ < 1) {
    for (const Rank rank : present) damp(rank);
  }
  split.mark_whole(decoded_);
  outcome.mask = decoded_;
  outcome.layers = split.outcomes(decoded_);
  for (std::size_t s = 0; s < segments_.size(); ++s)
    outcome.layers[split.pruned[s]].threshold = segments_[s].threshold;
  return outcome;
}

double CltkScheme::drop(Rank rank) {
  gradients_.erase(gradients_.begin() + static_cast<std::ptrdiff_t>(rank));
  return residuals_.drop(rank);
}

std::optional<Scheme::Selection> CltkScheme::selection(Rank rank, std::uint64_t) const {
  return Selection{.broadcasts = rank == leader_,
                   .layers = residuals_.split().pruned,
                   .segments = segments_,
                   .mask = rank == leader_ ? mask_ : none_,
                   .packed = residuals_.of(rank).packed};
}

namespace {
constexpr const SchemeOption* cltk_options[] = {
    &density_option,       &warmup_option,     &momentum_correction_option, &factor_masking_option,
    &mask_encoding_option, &filter_option,     &whole_below_option,         &values_option,
    &engine_option,        &masks_ahead_option};
}  // namespace

extern const SchemeDefinition cltk_scheme;
const SchemeDefinition cltk_scheme = {
    .name = "cltk",
    .description = "the largest residuals of one rank, the leader in turn, on all ranks",
    .source = "Chen et al., arXiv 2104.11125 (ScaleCom)",
    .equation =
        "A = R + G; M = the largest density*n of the leader's |A|; update = mean of M*A; R += "
        "filter*(G - M*A)",
    .defaults = {.learning_rate = 0.3, .momentum = 0},
    .options = cltk_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<CltkScheme>(layers, options);
    },
    .warmup_steps = density_warmup_steps,
    .synthesize = synthesize_cltk,
    .replay = [](const SharedMaskStep& step) { return cltk_stages(step, false); },
    .takes_quorum = true,
};

}  // namespace ringsim
