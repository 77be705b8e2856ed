#include "base/units.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace ringsim {
namespace {

/// `divisor` instead of a factor below 1, which is no binary fraction: 5/1e6 is the double next to
/// 5e-6, 5*1e-6 is not.
struct Unit {
  std::string_view name;
  double factor;
  double divisor = 1;
};

constexpr double Ki = 1024.0, Mi = Ki * 1024, Gi = Mi * 1024, Ti = Gi * 1024;

constexpr std::array byte_units = {
    Unit{"B", 1},     Unit{"kB", 1e3}, Unit{"KB", 1e3}, Unit{"MB", 1e6}, Unit{"GB", 1e9},
    Unit{"TB", 1e12}, Unit{"KiB", Ki}, Unit{"MiB", Mi}, Unit{"GiB", Gi}, Unit{"TiB", Ti}};
constexpr std::array second_units = {Unit{"ns", 1, 1e9}, Unit{"us", 1, 1e6}, Unit{"ms", 1, 1e3},
                                     Unit{"s", 1}};
constexpr std::array bandwidth_units = {
    Unit{"bps", 1. / 8},   Unit{"kbps", 1e3 / 8},  Unit{"Kbps", 1e3 / 8}, Unit{"Mbps", 1e6 / 8},
    Unit{"Gbps", 1e9 / 8}, Unit{"Tbps", 1e12 / 8}, Unit{"Kibps", Ki / 8}, Unit{"Mibps", Mi / 8},
    Unit{"Gibps", Gi / 8}, Unit{"Tibps", Ti / 8},  Unit{"Bps", 1},        Unit{"kBps", 1e3},
    Unit{"KBps", 1e3},     Unit{"MBps", 1e6},      Unit{"GBps", 1e9},     Unit{"TBps", 1e12},
    Unit{"KiBps", Ki},     Unit{"MiBps", Mi},      Unit{"GiBps", Gi},     Unit{"TiBps", Ti}};
constexpr std::array flop_units = {Unit{"MFLOPS", 1e6}, Unit{"GFLOPS", 1e9}, Unit{"TFLOPS", 1e12},
                                   Unit{"PFLOPS", 1e15}};

/// What a kind of quantity is called, how it is written, its units, and what it may be beside 0.
/// Beyond these limits nothing makes sense, and sums would lose what matters to rounding.
struct Kind {
  std::string_view accepted;
  std::span<const Unit> units;
  double least = 0, most = std::numeric_limits<double>::max();
  std::string_view limits = {};
};

void require_within_limits(double value, const Kind& kind, std::string_view text,
                           const Place& place) {
  if (value == 0 || (value >= kind.least && value <= kind.most)) return;
  const auto found = fmt::format("\"{}\" is too {}", text, value < kind.least ? "small" : "large");
  throw UserError(place, found, kind.limits.empty() ? kind.accepted : kind.limits);
}

double parse(std::string_view text, const Kind& kind, const Place& place) {
  const auto number = leading_number(text);
  const auto found = fmt::format("\"{}\"", text);
  if (!number) throw UserError(place, found + " is not a quantity", kind.accepted);
  if (number->rest.empty()) {
    throw UserError(place, found + " has no unit", kind.accepted,
                    "write the unit after the number");
  }
  for (const auto& unit : kind.units) {
    if (unit.name != number->rest) continue;
    if (!(number->value >= 0)) throw UserError(place, found + " is negative", kind.accepted);
    const double value = number->value * unit.factor / unit.divisor;
    require_within_limits(value, kind, text, place);
    return value;
  }
  std::vector<std::string_view> names;
  for (const auto& unit : kind.units) names.push_back(unit.name);
  throw UserError(place, fmt::format("{} has the unknown unit \"{}\"", found, number->rest),
                  kind.accepted, "units: " + join(names, ", "));
}

double parse_positive(std::string_view text, const Kind& kind, const Place& place) {
  const double value = parse(text, kind, place);
  if (value > 0) return value;
  throw UserError(place, fmt::format("\"{}\" is zero", text), kind.accepted);
}

constexpr Kind bytes_kind{"a size such as 64B, 100MB or 25MiB is accepted", byte_units};
constexpr Kind seconds_kind{"a time such as 5us, 1.5ms or 2s is accepted", second_units, 1e-15, 1e9,
                            "0s and a time from 1e-15s to 1e9s are accepted"};
constexpr Kind bandwidth_kind{"a bandwidth above zero such as 10Gbps or 1.25GBps is accepted",
                              bandwidth_units, 1. / 8, 1e18 / 8,
                              "a bandwidth from 1bps to 1e6Tbps is accepted"};
constexpr Kind flop_kind{"a rate above zero such as 9TFLOPS is accepted", flop_units, 1e6, 1e21,
                         "a rate from 1MFLOPS to 1e6PFLOPS is accepted"};

/// Three significant digits in the largest unit that leaves at least 1, or in the smallest.
std::string scaled(double value, std::span<const Unit> largest_first) {
  for (const auto& unit : largest_first) {
    const double in_unit = value / unit.factor * unit.divisor;
    if (in_unit < 0.9995 && &unit != &largest_first.back()) continue;
    const int decimals = in_unit >= 99.95 ? 0 : in_unit >= 9.995 ? 1 : 2;
    auto digits = fmt::format("{:.{}f}", in_unit, decimals);
    if (digits.find('.') != std::string::npos) {
      while (digits.back() == '0') digits.pop_back();
      if (digits.back() == '.') digits.pop_back();
    }
    return digits + std::string(unit.name);
  }
  return {};
}

}  // namespace

Bytes parse_bytes(std::string_view text, const Place& place) {
  const double value = parse(text, bytes_kind, place);
  // 0.29kB is 290 bytes, although 0.29 * 1000 is not 290 in binary fractions.
  const double whole = std::round(value);
  const double rounding = 2 * std::numeric_limits<double>::epsilon() * whole;
  if (std::abs(value - whole) > rounding || value > 9e15) {
    throw UserError(place, fmt::format("\"{}\" is not a whole number of bytes below 9 PB", text),
                    bytes_kind.accepted);
  }
  return {static_cast<std::uint64_t>(whole)};
}

Seconds parse_seconds(std::string_view text, const Place& place) {
  return {parse(text, seconds_kind, place)};
}

BytesPerSecond parse_bandwidth(std::string_view text, const Place& place) {
  return {parse_positive(text, bandwidth_kind, place)};
}

FlopPerSecond parse_flop_rate(std::string_view text, const Place& place) {
  return {parse_positive(text, flop_kind, place)};
}

std::optional<double> unit_ratio(std::string_view from, std::string_view to) {
  const std::array<std::span<const Unit>, 4> kinds = {byte_units, second_units, bandwidth_units,
                                                      flop_units};
  for (const auto& units : kinds) {
    const auto find = [&](std::string_view name) {
      return std::ranges::find(units, name, &Unit::name);
    };
    const auto a = find(from), b = find(to);
    if (a != units.end() && b != units.end())
      return a->factor * b->divisor / (b->factor * a->divisor);
  }
  return std::nullopt;
}

std::string format(Bytes bytes) {
  constexpr std::array units = {Unit{"TB", 1e12}, Unit{"GB", 1e9}, Unit{"MB", 1e6}, Unit{"kB", 1e3},
                                Unit{"B", 1}};
  return scaled(static_cast<double>(bytes.count), units);
}

std::string format(Seconds seconds) {
  if (seconds.value == 0) return "0s";
  if (seconds.value < 0) return "-" + format(Seconds{-seconds.value});
  constexpr std::array units = {Unit{"s", 1}, Unit{"ms", 1, 1e3}, Unit{"us", 1, 1e6},
                                Unit{"ns", 1, 1e9}};
  return scaled(seconds.value, units);
}

std::string format(BytesPerSecond bandwidth) {
  constexpr std::array units = {Unit{"Tbps", 1e12 / 8}, Unit{"Gbps", 1e9 / 8},
                                Unit{"Mbps", 1e6 / 8}, Unit{"kbps", 1e3 / 8}, Unit{"bps", 1. / 8}};
  return scaled(bandwidth.value, units);
}

std::string format(FlopPerSecond rate) {
  constexpr std::array units = {Unit{"PFLOPS", 1e15}, Unit{"TFLOPS", 1e12}, Unit{"GFLOPS", 1e9},
                                Unit{"MFLOPS", 1e6}};
  return scaled(rate.value, units);
}

}  // namespace ringsim
