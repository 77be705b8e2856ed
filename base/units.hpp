#pragma once
// Quantities with types, and their text forms. On the command line and in files a quantity carries
// its unit; K, M, G, T are powers of 1000, Ki, Mi, Gi, Ti powers of 1024, `bps` counts bits and
// `Bps` bytes.
#include "base/error.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringsim {

/// A number of bytes; exact.
struct Bytes {
  std::uint64_t count = 0;

  friend constexpr auto operator<=>(const Bytes&, const Bytes&) = default;
  constexpr Bytes& operator+=(Bytes other) {
    count += other.count;
    return *this;
  }
  friend constexpr Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
  friend constexpr Bytes operator*(std::uint64_t factor, Bytes b) { return {factor * b.count}; }
};

/// A double with a unit: comparable, additive, scaled by plain numbers; ratios of equal units are
/// plain numbers.
template <class Unit>
struct Quantity {
  double value = 0;

  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;
  constexpr Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
  friend constexpr Quantity operator*(double factor, Quantity a) { return {factor * a.value}; }
  friend constexpr Quantity operator*(Quantity a, double factor) { return {a.value * factor}; }
  friend constexpr Quantity operator/(Quantity a, double divisor) { return {a.value / divisor}; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
};

using Seconds = Quantity<struct SecondsUnit>;
using BytesPerSecond = Quantity<struct BytesPerSecondUnit>;
/// Floating-point operations (a multiply-add counts as two) per second.
using FlopPerSecond = Quantity<struct FlopPerSecondUnit>;

constexpr Seconds operator/(Bytes bytes, BytesPerSecond bandwidth) {
  return {static_cast<double>(bytes.count) / bandwidth.value};
}

/// "25MiB", "100MB", "64B": a whole number of bytes, up to 9 PB. Throws UserError at `place`.
Bytes parse_bytes(std::string_view text, const Place& place);
/// "5us", "1.5ms", "0s": 0, or from 1e-15 s to 1e9 s. Throws UserError at `place`.
Seconds parse_seconds(std::string_view text, const Place& place);
/// "10Gbps", "1.25GBps": from 1 bit/s to 1e18 bit/s. Throws UserError at `place`.
BytesPerSecond parse_bandwidth(std::string_view text, const Place& place);
/// "9TFLOPS": from 1e6 to 1e21. Throws UserError at `place`.
FlopPerSecond parse_flop_rate(std::string_view text, const Place& place);

/// How many of the unit `to` make one of the unit `from`: 1000 from "Gbps" to "Mbps"; nothing where
/// they measure different things.
std::optional<double> unit_ratio(std::string_view from, std::string_view to);

/// For people: three significant digits and the decimal prefix that fits, e.g. "12.3ms", "1.88MB",
/// "10Gbps".
std::string format(Bytes bytes);
std::string format(Seconds seconds);
std::string format(BytesPerSecond bandwidth);
std::string format(FlopPerSecond rate);

}  // namespace ringsim
