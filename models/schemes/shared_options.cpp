#include "models/schemes/shared_options.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/prune/dispatch.hpp"

#include <fmt/format.h>

#include <vector>

namespace ringsim {
namespace {

/// nullptr for "auto". Throws UserError.
const MaskEncoding* find_encoding(std::string_view name) {
  if (name == "auto") return nullptr;
  std::vector<std::string> names{"auto"};
  for (const auto* encoding : mask_encodings()) {
    if (encoding->name == name) return encoding;
    names.emplace_back(encoding->name);
  }
  throw UserError(option_place("mask-encoding"),
                  fmt::format("unknown encoding \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

std::vector<std::string> encoding_names() {
  std::vector<std::string> names{"auto"};
  for (const auto* encoding : mask_encodings()) names.emplace_back(encoding->name);
  return names;
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names{"auto"};
  for (const auto* engine : prune::engines()) names.emplace_back(engine->name);
  return names;
}

}  // namespace

constinit const SchemeOption density_option = {
    {.name = "density",
     .value = "D",
     .meaning = "kept share of the pruned layers, e.g. 1/64",
     .limits = Number{.minimum = 0, .maximum = 1, .above_minimum = true},
     .default_value = "1/84"},
    {.of_pruned_layers = true}};
constinit const SchemeOption warmup_option = {
    {.name = "warmup",
     .value = "EPOCHS",
     .meaning = "in epoch e of the first ones the density is at least 4^-(e+1)",
     .limits = WholeNumber{0, 1000},
     .default_value = "0",
     .needs = "`source` train"},
    {.of_pruned_layers = true}};
constinit const SchemeOption momentum_correction_option = {
    {.name = "momentum-correction",
     .value = "on|off",
     .meaning = "momentum before pruning, on each rank, instead of after",
     .limits = OnOff{},
     .default_note = "on where momentum is above 0 (cltk: off)"},
    {}};
constinit const SchemeOption factor_masking_option = {
    {.name = "factor-masking",
     .value = "on|off",
     .meaning = "with momentum correction, clears the momentum where a gradient was sent (arXiv "
                "1712.01887)",
     .limits = OnOff{},
     .default_value = "on",
     .needs = "momentum correction"},
    {.origins = from_training, .of_pruned_layers = true}};
constinit const SchemeOption mask_encoding_option = {
    {.name = "mask-encoding",
     .value = "NAME",
     .meaning = "how masks travel: auto (the smallest) or one of ringsim list encodings",
     .limits = NameOf{encoding_names, [](std::string_view name) { find_encoding(name); }},
     .default_value = "auto"},
    {.origins = from_anywhere, .of_pruned_layers = true}};
constinit const SchemeOption whole_below_option = {
    {.name = "whole-below",
     .value = "N",
     .meaning = "layers with fewer parameters are sent whole",
     .limits = WholeNumber{},
     .default_value = "1024"},
    {}};
constinit const SchemeOption values_option = {
    {.name = "values",
     .value = "TYPE",
     .meaning = "type of the values that travel, rounded at every hop of an all-reduce",
     .limits = OneOf{value_type_names},
     .default_value = "fp32"},
    {}};
constinit const SchemeOption gradients_option = {
    {.name = "gradients",
     .value = "TYPE",
     .meaning = "type in which the backward pass leaves gradients: they are copied and travel in "
                "it, and nothing is cast; ratios stay against fp32",
     .limits = OneOf{value_type_names},
     .default_value = "fp32"},
    {.group = "machine"}};
constinit const SchemeOption engine_option = {
    {.name = "engine",
     .value = "NAME",
     .meaning = "what prunes: auto or one of ringsim list engines; results do not depend on it",
     .limits = NameOf{engine_names, [](std::string_view name) { prune::find_engine(name); }},
     .default_value = "auto"},
    {.origins = from_training}};
constinit const SchemeOption masks_ahead_option = {
    {.name = "masks-ahead",
     .value = "on|off",
     .meaning =
         "the masks of a bucket are exchanged before the values of the bucket before it; pays "
         "seldom (docs/scan.md)",
     .limits = OnOff{},
     .default_value = "off",
     .needs = "`overlap` on, and all ranks in every step"},
    {.affects = Affects::timing, .group = "time", .origins = from_anywhere}};

void refuse_option(const SchemeOption& option, const std::string& found, std::string_view accepted,
                   std::string_view fix) {
  throw UserError(option_place(option.name), found, accepted, fix);
}

double density_of(const SchemeOptions& options) { return options.get<double>(density_option); }

std::uint64_t density_warmup_steps(const SchemeOptions& options) {
  return options.get<std::uint64_t>(warmup_option) * options.steps_per_epoch;
}

std::uint64_t no_warmup_steps(const SchemeOptions&) { return 0; }

const MaskEncoding* mask_encoding_of(const SchemeOptions& options) {
  return find_encoding(options.get<std::string>(mask_encoding_option));
}

ValueType value_type_of(const SchemeOptions& options) {
  const auto born = gradient_type_of(options);
  if (born == ValueType::fp32) return parse_value_type(options.get<std::string>(values_option));
  if (options.has(values_option)) {
    refuse_option(
        values_option,
        fmt::format("given beside `gradients` {}", options.get<std::string>(gradients_option)), {},
        "leave one of the two out: gradients travel in the type that they have");
  }
  return born;
}

ValueType gradient_type_of(const SchemeOptions& options) {
  return parse_value_type(options.get<std::string>(gradients_option));
}

void refuse_warmup_of_synthetic(const SchemeOptions& options) {
  if (!options.has(warmup_option)) return;
  refuse_option(warmup_option, "has no effect with `source` synthetic", {},
                "leave it out: without training there are no epochs");
}

bool momentum_correction_of(const SchemeOptions& options) {
  return options.find<bool>(momentum_correction_option).value_or(options.momentum > 0);
}

}  // namespace ringsim
