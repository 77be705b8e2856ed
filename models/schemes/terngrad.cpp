// TernGrad (Wen et al., arXiv 1705.07878): every value becomes -s, 0 or s, where s is the largest
// magnitude of the layer, at random without bias; before that, values are clipped to 2.5 standard
// deviations of the layer (section 3.3), which makes s smaller and the noise with it. Each rank
// sends the scales of its own; the paper's scaler sharing, which serves a parameter server, is not
// used.
#include "models/schemes/quantized.hpp"
#include "models/schemes/shared_options.hpp"

namespace ringsim {
namespace {

constinit const SchemeOption clip_deviations_option = {
    {.name = "clip-deviations",
     .value = "X",
     .meaning = "gradients are limited to X standard deviations of their layer",
     .limits = Number{1e-9, 1e9},
     .default_value = "2.5",
     .default_note = "the paper's"},
    {.origins = from_training}};

Quantization quantization_of(const SchemeOptions& options) {
  return {.scale = Quantization::Scale::largest_magnitude,
          .levels = 1,
          .block = {},
          .clip_deviations = options.get<double>(clip_deviations_option)};
}

constexpr const SchemeOption* terngrad_options[] = {&clip_deviations_option};

}  // namespace

extern const SchemeDefinition terngrad_scheme;
const SchemeDefinition terngrad_scheme = {
    .name = "terngrad",
    .description = "values of 2 bits: minus, zero or plus the layer's scale, all-gathered",
    .source = "Wen et al., arXiv 1705.07878",
    .equation =
        "Q(G) = max|G| * sign(G) * (1 with probability |G| / max|G|, else 0); update = mean of "
        "Q(G)",
    .defaults = {.learning_rate = 0.15, .momentum = 0.5},
    .options = terngrad_options,
    .make = make_quantized<quantization_of>,
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_quantized<quantization_of>,
};

}  // namespace ringsim
