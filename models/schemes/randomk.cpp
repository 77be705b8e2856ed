// Random-k with error feedback (Stich et al., Sparsified SGD with memory, arXiv 1809.07599): every
// rank sends the same randomly drawn coordinates. All draw them from one seed, so no index travels,
// and a ring can add the values up.
#include "base/random.hpp"
#include "models/schemes/option_checks.hpp"
#include "models/schemes/residuals.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/threshold.hpp"
#include "models/schemes/top_k.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// Every set of `count` of the first `parameters` bits is as likely as any other (Floyd's
/// algorithm; Bentley, Programming pearls: a sample of brilliance, CACM 1987).
void draw_mask(Random& random, std::size_t count, std::size_t parameters,
               std::span<prune::MaskWord> mask) {
  std::fill(mask.begin(), mask.end(), 0);
  for (std::size_t i = parameters - count; i < parameters; ++i) {
    std::size_t drawn = random.below(i + 1);
    if ((mask[drawn / 64] >> (drawn % 64) & 1) != 0) drawn = i;
    mask[drawn / 64] |= prune::MaskWord{1} << (drawn % 64);
  }
}

class RandomkScheme final : public Scheme {
 public:
  RandomkScheme(const Layers& layers, const SchemeOptions& options)
      : residuals_(layers, options, momentum_correction_of(options)),
        density_(density_of(options)),
        seed_(options.seed),
        steps_per_epoch_(options.steps_per_epoch),
        warmup_epochs_(options.warmup_epochs.value_or(0)),
        mask_(residuals_.split().words) {}

  bool has_momentum_correction() const override { return residuals_.momentum_correction(); }

  void contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                  std::span<const float>) override {
    residuals_.accumulate(rank, gradient);
  }

  StepOutcome exchange(std::uint64_t step) override {
    const auto& split = residuals_.split();
    const double density = warmup_density(density_, step / steps_per_epoch_, warmup_epochs_);
    Random random(seed_, Purpose::random_coordinates, 0, step);
    for (const auto& segment : split.segments) {
      const std::size_t n = segment.parameters;
      draw_mask(random, kept_count(density, n), n,
                std::span(mask_).subspan(segment.mask_offset, prune::mask_words(n)));
    }
    const bool velocity = residuals_.momentum_correction();
    StepOutcome outcome;
    outcome.stages = shared_mask_stages({.ranks = residuals_.ranks(),
                                         .pruned = split.pruned_parameters,
                                         .whole = split.whole_parameters,
                                         .kept = split.kept(mask_),
                                         .with_velocity = velocity,
                                         .value = bytes_of(residuals_.values()),
                                         .masks = {}});
    outcome.stages.front().what = accumulate_work(residuals_.ranks(), split.parameters(), velocity);
    outcome.mean = residuals_.reduce(mask_);
    split.mark_whole(mask_);
    outcome.mask = mask_;
    outcome.layers = split.outcomes(mask_);
    return outcome;
  }

  double drop(Rank rank) override { return residuals_.drop(rank); }

  Bytes state_bytes() const override { return residuals_.state_bytes(); }

 private:
  Residuals residuals_;
  double density_;
  std::uint64_t seed_, steps_per_epoch_, warmup_epochs_;
  std::vector<prune::MaskWord> mask_;
};

constexpr std::string_view randomk_options[] = {"density",     "warmup", "momentum-correction",
                                                "whole-below", "values", "engine"};

}  // namespace

extern const SchemeDefinition randomk_scheme;
const SchemeDefinition randomk_scheme = {
    .name = "randomk",
    .description = "random coordinates, the same on all ranks from one seed; error feedback",
    .source = "Stich et al., arXiv 1809.07599",
    .defaults = {.learning_rate = 0.3, .momentum = 0},
    .options = randomk_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<RandomkScheme>(layers, options);
    },
    .warmup_steps = density_warmup_steps,
};

}  // namespace ringsim
