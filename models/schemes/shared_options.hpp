#pragma once
// The options that several schemes take, and how they are read.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/scheme.hpp"
#include "models/schemes/value_type.hpp"

#include <string>
#include <string_view>

namespace ringsim {

extern const SchemeOption density_option, warmup_option, momentum_correction_option,
    factor_masking_option, mask_encoding_option, whole_below_option, values_option, engine_option,
    masks_ahead_option, gradients_option;

/// Throws UserError at the option (`found` begins with "found" or "has no effect").
[[noreturn]] void refuse_option(const SchemeOption& option, const std::string& found,
                                std::string_view accepted, std::string_view fix = {});

double density_of(const SchemeOptions& options);

/// Where the density that was asked for is reached after `warmup` epochs (SchemeDefinition).
std::uint64_t density_warmup_steps(const SchemeOptions& options);
/// The same for schemes without a warm-up: 0.
std::uint64_t no_warmup_steps(const SchemeOptions& options);

/// nullptr for "auto", which takes the smallest.
const MaskEncoding* mask_encoding_of(const SchemeOptions& options);

/// The type of the values that travel: that of the gradients where it is given, else `values`.
ValueType value_type_of(const SchemeOptions& options);
/// The type that the backward pass leaves gradients in.
ValueType gradient_type_of(const SchemeOptions& options);

/// Without training there are no epochs: throws UserError where there is a `warmup`.
void refuse_warmup_of_synthetic(const SchemeOptions& options);

/// `momentum-correction`; where it is absent, on if there is momentum.
bool momentum_correction_of(const SchemeOptions& options);

}  // namespace ringsim
