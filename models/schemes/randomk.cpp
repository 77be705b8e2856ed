// Random-k with error feedback (Stich et al., Sparsified SGD with memory, arXiv 1809.07599): every
// rank sends the same randomly drawn coordinates. All draw them from one seed, so no index travels,
// and a ring can add the values up.
#include "base/random.hpp"
#include "models/schemes/random_mask.hpp"
#include "models/schemes/residual_scheme.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/synthetic.hpp"
#include "models/schemes/threshold.hpp"

namespace ringsim {
namespace {

/// The coordinates of `step`, the same on all ranks.
void draw_coordinates(const LayerSplit& split, double density, std::uint64_t seed,
                      std::uint64_t step, std::span<prune::MaskWord> mask) {
  Random random(seed, Purpose::random_coordinates, 0, step);
  draw_masks(split, density, random, mask);
}

std::vector<Stage> randomk_stages(const LayerSplit& split, Rank ranks, std::uint64_t kept,
                                  bool with_velocity, ValueType values) {
  return shared_mask_stages({.ranks = ranks,
                             .pruned = split.pruned_parameters,
                             .tensors = split.pruned.size(),
                             .whole = split.whole_parameters,
                             .kept = kept,
                             .with_velocity = with_velocity,
                             .draws_places = true,
                             .value = bytes_of(values),
                             .masks = {}});
}

/// Which coordinates are drawn changes no size.
SyntheticStep synthesize_randomk(const Layers& layers, const SchemeOptions& options,
                                 std::uint64_t) {
  refuse_warmup_of_synthetic(options);
  const LayerSplit split(layers, options);
  const auto kept = split.kept_counts(density_of(options));
  return {.stages = randomk_stages(split, options.ranks, sum_of(kept),
                                   momentum_correction_of(options), value_type_of(options)),
          .layers = split.outcomes_of(kept),
          .state_per_rank = residual_bytes(split, momentum_correction_of(options))};
}

class RandomkScheme final : public ResidualScheme {
 public:
  RandomkScheme(const Layers& layers, const SchemeOptions& options)
      : ResidualScheme(layers, options, momentum_correction_of(options)),
        seed_(options.seed),
        first_draw_(options.draw_of(0)),
        mask_(residuals_.split().words) {}

  void contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                  std::span<const float>) override {
    residuals_.accumulate(rank, gradient);
  }

  StepOutcome exchange_among(std::uint64_t step, std::span<const Rank> present) override {
    const auto& split = residuals_.split();
    draw_coordinates(split, density_in(step), seed_, step | first_draw_, mask_);
    StepOutcome outcome;
    outcome.stages = randomk_stages(split, residuals_.ranks(), split.kept(mask_),
                                    residuals_.momentum_correction(), residuals_.values());
    outcome.mean = residuals_.reduce(mask_, present);
    split.mark_whole(mask_);
    outcome.mask = mask_;
    outcome.layers = split.outcomes(mask_);
    return outcome;
  }

 private:
  std::uint64_t seed_, first_draw_;
  std::vector<prune::MaskWord> mask_;
};

constexpr const SchemeOption* randomk_options[] = {
    &density_option,        &warmup_option,      &momentum_correction_option,
    &factor_masking_option, &whole_below_option, &values_option,
    &engine_option};

}  // namespace

extern const SchemeDefinition randomk_scheme;
const SchemeDefinition randomk_scheme = {
    .name = "randomk",
    .description = "random coordinates, the same on all ranks from one seed; error feedback",
    .source = "Stich et al., arXiv 1809.07599",
    .equation =
        "R += G; M = density*n random coordinates, the same on all ranks; update = mean of M*R; R "
        "-= M*R",
    .defaults = {.learning_rate = 0.15, .momentum = 0},
    .options = randomk_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<RandomkScheme>(layers, options);
    },
    .warmup_steps = density_warmup_steps,
    .synthesize = synthesize_randomk,
    .takes_quorum = true,
};

}  // namespace ringsim
