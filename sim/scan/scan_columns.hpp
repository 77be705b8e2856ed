#pragma once
// The columns of scan.csv that are not figures of summary.json: "point" and "option.NAME" stand
// before those, "error" after them.
#include "traces/records/field.hpp"

#include <cstddef>
#include <string_view>

namespace ringsim {

inline constexpr std::string_view option_prefix = "option.";

inline constexpr Field<std::nullptr_t> point_column = {"point", nullptr, "", "The point, from 0."};
inline constexpr Field<std::nullptr_t> option_column = {
    "option.NAME", nullptr, "",
    "The value of an option that has several, as it was written; a column for each such option. "
    "Empty where the point leaves the option out."};
inline constexpr Field<std::nullptr_t> error_column = {
    "error", nullptr, "",
    "Empty, or what `run` would print where the point failed; then the figures are empty."};

}  // namespace ringsim
