// iwp with the gradient's plain magnitude as its importance, the same broadcasters and the same
// thresholds: the difference is what dividing by the weight brings.
#include "models/schemes/iwp.hpp"
#include "models/schemes/shared_options.hpp"

namespace ringsim {
namespace {

constexpr const SchemeOption* magnitude_options[] = {
    &density_option,        &threshold_option,
    &broadcasters_option,   &mask_encoding_option,
    &tail_option,           &mask_interval_option,
    &warmup_option,         &momentum_correction_option,
    &factor_masking_option, &whole_below_option,
    &values_option,         &engine_option,
    &masks_ahead_option};

SyntheticStep synthesize(const Layers& layers, const SchemeOptions& options, std::uint64_t step) {
  return synthesize_importance(layers, options, step, Importance::magnitude);
}

}  // namespace

extern const SchemeDefinition magnitude_scheme;
const SchemeDefinition magnitude_scheme = {
    .name = "magnitude",
    .description = "as iwp, but the largest gradients are sent, whatever the weight",
    .source = "textbook; compares with iwp",
    .equation =
        "R += G; M = union over broadcasters of (|R| > threshold); update = mean of M*R; R -= M*R",
    .defaults = {.learning_rate = 0.3, .momentum = 0},
    .options = magnitude_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<IwpScheme>(layers, options, Importance::magnitude);
    },
    .warmup_steps = density_warmup_steps,
    .synthesize = synthesize,
    .replay =
        [](const SharedMaskStep& step) {
          auto unweighed = step;
          unweighed.reads_weights = false;
          return shared_mask_stages(unweighed);
        },
    .takes_quorum = true,
};

}  // namespace ringsim
