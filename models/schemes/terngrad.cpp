// TernGrad (Wen et al., arXiv 1705.07878): every value becomes -s, 0 or s, where s is the largest
// magnitude of the layer, at random without bias; before that, values are clipped to 2.5 standard
// deviations of the layer (section 3.3), which makes s smaller and the noise with it. Each rank
// sends the scales of its own; the paper's scaler sharing, which serves a parameter server, is not
// used.
#include "models/schemes/option_checks.hpp"
#include "models/schemes/quantized.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

constexpr double default_clip = 2.5;  // the paper's

Quantization quantization_of(const SchemeOptions& options) {
  const double clip = options.clip_deviations.value_or(default_clip);
  if (!(clip > 0)) {
    refuse_option("--clip-deviations", fmt::format("found {}", clip),
                  "a number above 0 is accepted");
  }
  return {.scale = Quantization::Scale::largest_magnitude,
          .levels = 1,
          .block = {},
          .clip_deviations = clip};
}

constexpr std::string_view terngrad_options[] = {"clip-deviations"};

}  // namespace

extern const SchemeDefinition terngrad_scheme;
const SchemeDefinition terngrad_scheme = {
    .name = "terngrad",
    .description = "values of 2 bits: minus, zero or plus the layer's scale, all-gathered",
    .source = "Wen et al., arXiv 1705.07878",
    .defaults = {.learning_rate = 0.15, .momentum = 0.5},
    .options = terngrad_options,
    .make = make_quantized<quantization_of>,
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_quantized<quantization_of>,
};

}  // namespace ringsim
