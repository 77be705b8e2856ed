#pragma once
// Reading of the options that several schemes take.
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/scheme.hpp"
#include "models/schemes/value_type.hpp"

#include <string>
#include <string_view>

namespace ringsim {

/// Throws UserError at `option` ("--density").
[[noreturn]] void refuse_option(std::string_view option, const std::string& found,
                                std::string_view accepted, std::string_view fix = {});

/// --density, 1/84 where it is absent. Throws UserError where it is not in (0, 1].
double density_of(const SchemeOptions& options);

/// Where the density that was asked for is reached after `--warmup` epochs (SchemeDefinition).
std::uint64_t density_warmup_steps(const SchemeOptions& options);
/// For schemes without one.
std::uint64_t no_warmup_steps(const SchemeOptions& options);

/// --mask-encoding; nullptr for "auto", which takes the smallest. Throws UserError.
const MaskEncoding* mask_encoding_of(const SchemeOptions& options);

/// --values; fp32 where it is absent. Throws UserError.
ValueType value_type_of(const SchemeOptions& options);

/// Without training there are no epochs: throws UserError where there is a --warmup.
void refuse_warmup_of_synthetic(const SchemeOptions& options);

/// --momentum-correction; where it is absent, on if there is momentum.
bool momentum_correction_of(const SchemeOptions& options);

}  // namespace ringsim
