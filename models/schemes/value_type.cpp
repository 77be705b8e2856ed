#include "models/schemes/value_type.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace ringsim {
namespace {

constexpr std::uint32_t magnitude_bits = 0x7fffffff;
constexpr std::uint32_t infinity_bits = 0x7f800000;

std::uint16_t sign_of(std::uint32_t bits) {
  return static_cast<std::uint16_t>(bits >> 16 & 0x8000);
}

}  // namespace

std::vector<std::string> value_type_names() { return {"fp32", "fp16", "bf16"}; }

ValueType parse_value_type(std::string_view text) {
  const auto names = value_type_names();
  const auto found = std::ranges::find(names, text);
  check(found != names.end(), "no type of values");
  return static_cast<ValueType>(found - names.begin());
}

Bytes bytes_of(ValueType type) { return {type == ValueType::fp32 ? 4U : 2U}; }

std::uint16_t to_fp16(float value) {
  constexpr std::uint32_t overflow = 0x477ff000;  // 65520, which would round to 2^16
  constexpr std::uint32_t normal = 0x38800000;    // 2^-14, the smallest normal half
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & magnitude_bits;
  std::uint32_t half = 0;
  if (magnitude > infinity_bits) {
    half = 0x7e00;
  } else if (magnitude == infinity_bits) {
    half = 0x7c00;
  } else if (magnitude >= overflow) {
    half = 0x7bff;
  } else if (magnitude < normal) {
    // The spacing of floats from 1/2 to 1 is that of denormal halves, so the addition rounds.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3f000000;
  } else {
    half = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
  }
  return static_cast<std::uint16_t>(sign_of(bits) | half);
}

float from_fp16(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16;
  const std::uint32_t magnitude = bits & 0x7fff;
  std::uint32_t result = 0;
  if (magnitude >= 0x7c00) {
    result = infinity_bits | (magnitude & 0x3ff) << 13;
  } else if (magnitude < 0x400) {
    result = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * 0x1p-24F);
  } else {
    result = (magnitude << 13) + 0x38000000;
  }
  return std::bit_cast<float>(sign | result);
}

std::uint16_t to_bf16(float value) {
  constexpr std::uint32_t overflow = 0x7f7f8000;  // would round to infinity
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & magnitude_bits;
  std::uint32_t result = 0;
  if (magnitude > infinity_bits) {
    result = 0x7fc0;
  } else if (magnitude == infinity_bits) {
    result = 0x7f80;
  } else if (magnitude >= overflow) {
    result = 0x7f7f;
  } else {
    result = (magnitude + 0x7fff + (magnitude >> 16 & 1)) >> 16;
  }
  return static_cast<std::uint16_t>(sign_of(bits) | result);
}

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

namespace {

// from(to(value)) without a branch, so that compilers make vectors of it.
float rounded_fp16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & magnitude_bits;
  const std::uint32_t normal = (magnitude + 0xfff + (magnitude >> 13 & 1)) & ~0x1fffU;
  const auto denormal =
      std::bit_cast<std::uint32_t>((std::bit_cast<float>(magnitude) + 0.5F) - 0.5F);
  std::uint32_t result = magnitude < 0x38800000 ? denormal : normal;
  result = magnitude >= 0x477ff000 ? 0x477fe000 : result;  // 65504
  result = magnitude >= infinity_bits ? magnitude : result;
  return std::bit_cast<float>((bits & ~magnitude_bits) | result);
}

float rounded_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & magnitude_bits;
  std::uint32_t result = (magnitude + 0x7fff + (magnitude >> 16 & 1)) & 0xffff0000;
  result = magnitude >= 0x7f7f8000 ? 0x7f7f0000 : result;
  result = magnitude >= infinity_bits ? magnitude : result;
  return std::bit_cast<float>((bits & ~magnitude_bits) | result);
}

}  // namespace

void round_values(ValueType type, std::span<float> values) {
  if (type == ValueType::fp16) {
    for (float& value : values) value = rounded_fp16(value);
  } else if (type == ValueType::bf16) {
    for (float& value : values) value = rounded_bf16(value);
  }
}

}  // namespace ringsim
