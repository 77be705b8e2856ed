#include "sim/scan/values.hpp"

#include "base/number_range.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace ringsim {
namespace {

constexpr std::size_t most_values = 1'000'000;
constexpr std::string_view range_forms =
    "FIRST..LAST, FIRST..LAST+STEP or FIRST..LAST*FACTOR is accepted, such as 8..64*2 or "
    "10Gbps..50Gbps+10Gbps";

struct Number {
  double value;
  std::string_view unit, rest;
};

/// A number or a fraction, then its unit: what follows up to one of "+*".
std::optional<Number> read_number(std::string_view text) {
  const auto first = leading_number(text);
  if (!first) return std::nullopt;
  Number number{first->value, {}, first->rest};
  if (number.rest.starts_with('/')) {
    const auto divisor = leading_number(number.rest.substr(1));
    if (!divisor || divisor->value == 0) return std::nullopt;
    number.value /= divisor->value;
    number.rest = divisor->rest;
  }
  number.unit = number.rest.substr(0, number.rest.find_first_of("+*"));
  number.rest.remove_prefix(number.unit.size());
  return std::isfinite(number.value) ? std::optional(number) : std::nullopt;
}

[[noreturn]] void wrong_range(std::string_view item, const Place& place, std::string_view what = {},
                              std::string_view fix = {}) {
  const std::string found = what.empty() ? "" : fmt::format(": {}", what);
  throw UserError(place, fmt::format("found \"{}\"{}", item, found), range_forms, fix);
}

/// `number` in another unit of its kind.
double in_unit(const Number& number, std::string_view unit, std::string_view item,
               const Place& place) {
  if (number.unit == unit) return number.value;
  const auto ratio = unit_ratio(number.unit, unit);
  if (!ratio) {
    const auto name = [](std::string_view of) {
      return of.empty() ? std::string("no unit") : fmt::format("\"{}\"", of);
    };
    wrong_range(item, place,
                fmt::format("{} and {} do not go together", name(unit), name(number.unit)));
  }
  return number.value * *ratio;
}

}  // namespace

std::string value_text(double number, std::string_view unit) {
  const bool is_whole = number == std::round(number) && std::abs(number) <= 0x1p53;
  return is_whole ? fmt::format("{:.0f}{}", number, unit) : fmt::format("{:.12g}{}", number, unit);
}

std::vector<std::string> split_list(std::string_view text, const Place& place) {
  std::vector<std::string> items(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      items.emplace_back();
    } else {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') ++i;
      items.back() += text[i];
    }
  }
  if (std::ranges::any_of(items, [](const auto& item) { return item.empty(); })) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    "values with a comma between each two are accepted");
  }
  return items;
}

std::optional<ValueRange> parse_range(std::string_view item, const Place& place) {
  const auto ends = split_range(item);
  if (!ends) return std::nullopt;
  const auto first = read_number(ends->first);
  if (!first || !first->rest.empty() || first->unit.find('/') != std::string_view::npos)
    return std::nullopt;
  const auto last = read_number(ends->second);
  if (!last) wrong_range(item, place);
  ValueRange range{first->value, in_unit(*last, first->unit, item, place), std::string(first->unit),
                   std::nullopt};
  if (last->rest.empty()) return range;
  const auto by = last->rest.front() == '+' ? ValueRange::By::sum : ValueRange::By::product;
  const auto amount = read_number(last->rest.substr(1));
  if (!amount || !amount->rest.empty()) wrong_range(item, place);
  if (by == ValueRange::By::product && !amount->unit.empty())
    wrong_range(item, place, "a factor has no unit");
  const bool is_sum = by == ValueRange::By::sum;
  range.step =
      ValueRange::Step{by, is_sum ? in_unit(*amount, first->unit, item, place) : amount->value};
  return range;
}

std::vector<std::string> values_of(const ValueRange& range, std::string_view item,
                                   const Place& place) {
  const auto [first, last, unit, given] = range;
  const auto is_whole = [](double value) { return value == std::round(value); };
  if (!given && !(unit.empty() && is_whole(first) && is_whole(last) && first <= last)) {
    wrong_range(item, place, "it needs a step",
                "write for example +STEP or *FACTOR after the last value");
  }
  const auto step = given.value_or(ValueRange::Step{ValueRange::By::sum, 1});
  const bool is_sum = step.by == ValueRange::By::sum;
  const bool is_up = is_sum ? step.amount > 0 : step.amount > 1;
  const bool moves = is_sum ? step.amount != 0 : step.amount > 0 && step.amount != 1 && first > 0;
  if (!moves || (is_up ? last < first : last > first))
    wrong_range(item, place, "its step does not lead from its first value to its last one");
  constexpr double rounding = 1e-9;
  const double steps = is_sum ? (last - first) / step.amount
                              : std::log(std::max(last, 0.0) / first) / std::log(step.amount);
  if (!(steps + rounding < static_cast<double>(most_values)))
    wrong_range(item, place, fmt::format("it has more than {} values", most_values));
  std::vector<std::string> values;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(steps + rounding); ++i) {
    const auto n = static_cast<double>(i);
    const double value = is_sum ? first + n * step.amount : first * std::pow(step.amount, n);
    // Where the last step meets the end but for rounding, the end is meant.
    const bool is_end = i > 0 && std::abs(n - steps) <= rounding;
    values.push_back(value_text(is_end ? last : value, unit));
  }
  return values;
}

std::vector<std::string> expand_item(std::string_view item, const Place& place) {
  const auto range = parse_range(item, place);
  if (!range) return {std::string(item)};
  return values_of(*range, item, place);
}

std::vector<std::string> expand_values(std::string_view text, const Place& place) {
  std::vector<std::string> values;
  std::unordered_set<std::string> known;
  for (const auto& item : split_list(text, place)) {
    for (auto& value : expand_item(item, place)) {
      if (!known.insert(value).second) {
        throw UserError(place, fmt::format("found \"{}\", which has {} twice", text, value),
                        "each value once is accepted");
      }
      values.push_back(std::move(value));
    }
  }
  return values;
}

}  // namespace ringsim
