// QSGD (Alistarh et al., arXiv 1610.02132): stochastic quantization to s levels of the magnitude,
// by the Euclidean norm of each block of values. Codes have a fixed width; the paper's Elias codes
// are not used.
#include "models/schemes/option_checks.hpp"
#include "models/schemes/quantized.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

constexpr std::uint32_t default_levels = 7;  // 4 bits
constexpr std::size_t default_block = 512;   // the paper's

Quantization quantization_of(const SchemeOptions& options) {
  const std::uint32_t levels = options.levels.value_or(default_levels);
  if (levels < 1 || levels > 32767) {
    refuse_option("--levels", fmt::format("found {}", levels),
                  "a whole number from 1 to 32767 is accepted");
  }
  const std::size_t block = options.block.value_or(default_block);
  if (block < 1) refuse_option("--block", "found 0", "a whole number above 0 is accepted");
  return {.scale = Quantization::Scale::euclidean_norm,
          .levels = levels,
          .block = block,
          .clip_deviations = {}};
}

constexpr std::string_view qsgd_options[] = {"levels", "block"};

}  // namespace

extern const SchemeDefinition qsgd_scheme;
const SchemeDefinition qsgd_scheme = {
    .name = "qsgd",
    .description = "values of few bits, rounded at random without bias, all-gathered",
    .source = "Alistarh et al., arXiv 1610.02132",
    .defaults = {.learning_rate = 0.05, .momentum = 0.9},
    .options = qsgd_options,
    .make = make_quantized<quantization_of>,
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_quantized<quantization_of>,
};

}  // namespace ringsim
