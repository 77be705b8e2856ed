#include "models/schemes/option_checks.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <vector>

namespace ringsim {

void refuse_option(std::string_view option, const std::string& found, std::string_view accepted,
                   std::string_view fix) {
  throw UserError({{}, std::string(option)}, found, accepted, fix);
}

double density_of(const SchemeOptions& options) {
  const double density = options.density.value_or(1.0 / 84);
  if (density > 0 && density <= 1) return density;
  refuse_option("--density", fmt::format("found {}", density),
                "a number above 0 and at most 1 is accepted");
}

std::uint64_t density_warmup_steps(const SchemeOptions& options) {
  return options.warmup_epochs.value_or(0) * options.steps_per_epoch;
}

std::uint64_t no_warmup_steps(const SchemeOptions&) { return 0; }

const MaskEncoding* mask_encoding_of(const SchemeOptions& options) {
  const std::string name = options.mask_encoding.value_or("auto");
  if (name == "auto") return nullptr;
  std::vector<std::string> names{"auto"};
  for (const auto* encoding : mask_encodings()) {
    if (encoding->name == name) return encoding;
    names.emplace_back(encoding->name);
  }
  refuse_option("--mask-encoding",
                fmt::format("unknown encoding \"{}\"{}", name, did_you_mean(name, names)),
                "accepted: " + join(names, ", "));
}

ValueType value_type_of(const SchemeOptions& options) {
  return parse_value_type(options.values.value_or("fp32"));
}

void refuse_warmup_of_synthetic(const SchemeOptions& options) {
  if (!options.warmup_epochs) return;
  refuse_option("--warmup", "has no effect with --source synthetic", {},
                "leave it out: without training there are no epochs");
}

bool momentum_correction_of(const SchemeOptions& options) {
  return options.momentum_correction.value_or(options.momentum > 0);
}

}  // namespace ringsim
