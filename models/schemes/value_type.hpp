#pragma once
// The type in which values travel. Rounding is to the nearest, ties to even (IEEE 754), except that
// a finite value beyond the largest finite one becomes that, so that what a residual keeps stays
// finite.
#include "base/units.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

enum class ValueType { fp32, fp16, bf16 };

/// "fp32", "fp16", "bf16".
std::vector<std::string> value_type_names();
/// One of value_type_names().
ValueType parse_value_type(std::string_view text);
/// Of one value on the wire.
Bytes bytes_of(ValueType type);

/// The 16 bits that travel, and what the receiver reads from them.
std::uint16_t to_fp16(float value);
float from_fp16(std::uint16_t bits);
std::uint16_t to_bf16(float value);
float from_bf16(std::uint16_t bits);

/// Replaces every value by what arrives when it is sent.
void round_values(ValueType type, std::span<float> values);

}  // namespace ringsim
