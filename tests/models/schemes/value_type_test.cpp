#include "models/schemes/value_type.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "models/schemes/mean.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <limits>

using namespace ringsim;

namespace {

/// The value of the 16 bits by their definition.
double defined_value(unsigned bits, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = static_cast<int>(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = static_cast<int>(bits) & ((1 << fraction_bits) - 1);
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

struct Format {
  int exponent_bits;
  std::uint16_t infinity;
  std::uint16_t (*to)(float);
  float (*from)(std::uint16_t);
};
constexpr Format formats[] = {{5, 0x7c00, to_fp16, from_fp16}, {8, 0x7f80, to_bf16, from_bf16}};

}  // namespace

TEST_CASE("every 16-bit value has the value of its definition and comes back", "[values]") {
  for (const auto& format : formats) {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
      const float value = format.from(static_cast<std::uint16_t>(bits));
      const unsigned magnitude = bits & 0x7fff;
      if (magnitude > format.infinity) {
        if (!std::isnan(value) || !std::isnan(format.from(format.to(value)))) FAIL(bits);
        continue;
      }
      if (magnitude == format.infinity) {
        if (!std::isinf(value)) FAIL(bits);
      } else if (value != defined_value(bits, format.exponent_bits)) {
        FAIL(bits);
      }
      if (format.to(value) != bits) FAIL(bits);
    }
  }
}

TEST_CASE("rounding is to the nearest, ties to even", "[values]") {
  for (const auto& format : formats) {
    // Between neighbours a < b: their mean goes to the even one, what is beside it to the nearer.
    for (unsigned bits = 0; bits + 1 < format.infinity; ++bits) {
      const float a = format.from(static_cast<std::uint16_t>(bits)),
                  b = format.from(static_cast<std::uint16_t>(bits + 1));
      const auto middle = static_cast<float>((static_cast<double>(a) + b) / 2);
      const unsigned even = bits % 2 == 0 ? bits : bits + 1;
      if (format.to(middle) != even) FAIL(bits);
      if (format.to(-middle) != (even | 0x8000)) FAIL(bits);
      if (format.to(std::nextafter(middle, 0.0F)) != bits) FAIL(bits);
      if (format.to(std::nextafter(middle, b)) != bits + 1) FAIL(bits);
    }
  }
}

TEST_CASE("finite values stay finite, infinities and NaN stay what they are", "[values]") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const auto& format : formats) {
    const auto largest = static_cast<std::uint16_t>(format.infinity - 1);
    CHECK(format.to(std::numeric_limits<float>::max()) == largest);
    CHECK(format.to(-std::numeric_limits<float>::max()) == (largest | 0x8000));
    CHECK(format.to(infinity) == format.infinity);
    CHECK(std::isnan(format.from(format.to(std::numeric_limits<float>::quiet_NaN()))));
  }
  CHECK(from_fp16(to_fp16(65519.9F)) == 65504);
  CHECK(from_fp16(to_fp16(1e5F)) == 65504);
}

TEST_CASE("rounding in place gives what is sent and read", "[values]") {
  // Bit patterns of all exponents and signs.
  std::vector<float> values(200000);
  Random random(1, Purpose::initial_weights);
  for (auto& value : values) value = std::bit_cast<float>(random.next());
  for (const float special : {0.0F, -0.0F, 65519.99F, 65520.0F, 6.1e-5F, 6.0e-8F, 2.98e-8F, 1e-8F})
    values.push_back(special);
  auto fp16 = values, bf16 = values;
  round_values(ValueType::fp16, fp16);
  round_values(ValueType::bf16, bf16);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) {
      if (!std::isnan(fp16[i]) || !std::isnan(bf16[i])) FAIL(i);
      continue;
    }
    const auto same = [](float a, float b) {
      return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };
    if (!same(fp16[i], from_fp16(to_fp16(values[i])))) FAIL(values[i]);
    if (!same(bf16[i], from_bf16(to_bf16(values[i])))) FAIL(values[i]);
  }
}

TEST_CASE("a mean of 16-bit values rounds every partial sum", "[values]") {
  // In fp16, 2048 + 1 is a tie that goes to the even 2048; and again. In fp32 the sum is 2050.
  const std::vector<std::vector<float>> ranks = {{2048}, {1}, {1}};
  std::vector<float> mean(1);
  mean_over_ranks(ranks, mean, ValueType::fp16);
  CHECK(mean[0] == 2048.0F / 3);
  mean_over_ranks(ranks, mean);
  CHECK(mean[0] == 2050.0F / 3);
}

TEST_CASE("value types are parsed", "[values]") {
  CHECK(parse_value_type("fp32") == ValueType::fp32);
  CHECK(parse_value_type("bf16") == ValueType::bf16);
  CHECK(bytes_of(parse_value_type("fp16")) == Bytes{2});
}
