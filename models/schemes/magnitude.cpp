// iwp with the gradient's plain magnitude as its importance, the same broadcasters and the same
// thresholds: the difference is what dividing by the weight brings.
#include "models/schemes/iwp.hpp"
#include "models/schemes/option_checks.hpp"

namespace ringsim {
namespace {

constexpr std::string_view magnitude_options[] = {
    "density",       "threshold", "broadcasters",        "mask-encoding",  "tail",
    "mask-interval", "warmup",    "momentum-correction", "factor-masking", "whole-below",
    "values",        "engine",    "masks-ahead"};

SyntheticStep synthesize(const Layers& layers, const SchemeOptions& options, std::uint64_t step) {
  return synthesize_importance(layers, options, step, Importance::magnitude);
}

}  // namespace

extern const SchemeDefinition magnitude_scheme;
const SchemeDefinition magnitude_scheme = {
    .name = "magnitude",
    .description = "as iwp, but the largest gradients are sent, whatever the weight",
    .source = "textbook; compares with iwp",
    .defaults = {.learning_rate = 0.3, .momentum = 0},
    .options = magnitude_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<IwpScheme>(layers, options, Importance::magnitude);
    },
    .warmup_steps = density_warmup_steps,
    .synthesize = synthesize,
    .takes_quorum = true,
};

}  // namespace ringsim
