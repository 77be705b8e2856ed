// QSGD (Alistarh et al., arXiv 1610.02132): stochastic quantization to s levels of the magnitude,
// by the Euclidean norm of each block of values. Codes have a fixed width; the paper's Elias codes
// are not used.
#include "models/schemes/quantized.hpp"
#include "models/schemes/shared_options.hpp"

namespace ringsim {
namespace {

constinit const SchemeOption levels_option = {{.name = "levels",
                                               .value = "N",
                                               .meaning = "levels of a magnitude besides 0",
                                               .limits = WholeNumber{1, 32767},
                                               .default_value = "7",
                                               .default_note = "4 bits a value"},
                                              {}};
constinit const SchemeOption block_option = {{.name = "block",
                                              .value = "N",
                                              .meaning = "values that share a scale",
                                              .limits = WholeNumber{.minimum = 1},
                                              .default_value = "512",
                                              .default_note = "the paper's"},
                                             {}};

Quantization quantization_of(const SchemeOptions& options) {
  return {.scale = Quantization::Scale::euclidean_norm,
          .levels = options.get<std::uint32_t>(levels_option),
          .block = options.get<std::size_t>(block_option),
          .clip_deviations = {}};
}

constexpr const SchemeOption* qsgd_options[] = {&levels_option, &block_option};

}  // namespace

extern const SchemeDefinition qsgd_scheme;
const SchemeDefinition qsgd_scheme = {
    .name = "qsgd",
    .description = "values of few bits, rounded at random without bias, all-gathered",
    .source = "Alistarh et al., arXiv 1610.02132",
    .equation =
        "Q(G) = |block|_2 * sign(G) * round at random(levels * |G| / |block|_2) / levels; update = "
        "mean of Q(G)",
    .defaults = {.learning_rate = 0.05, .momentum = 0.9},
    .options = qsgd_options,
    .make = make_quantized<quantization_of>,
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_quantized<quantization_of>,
};

}  // namespace ringsim
