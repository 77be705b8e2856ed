#include "tools/ringsim/crossings.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "sim/scan/uncertain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace ringsim {
namespace {

/// Times that differ by less than this hardly differ.
constexpr double near = 0.01;
/// Times that differ by less than this are equal but for rounding.
constexpr double equal = 1e-9;

double number_of(const Comparison& at) {
  const auto number = leading_number(at.value);
  return number ? number->value : 0;
}

std::string unit_of(const Comparison& at) {
  const auto number = leading_number(at.value);
  return number ? std::string(number->rest) : std::string();
}

/// Rounded to so many digits that count, without an exponent.
std::string with_digits(double value, int digits) {
  if (value == 0) return "0";
  const double scale = std::pow(10, digits - 1 - std::floor(std::log10(std::abs(value))));
  return fmt::format("{:.12g}", std::round(value * scale) / scale);
}

/// By how much a is slower than b, relatively.
double difference(const Comparison& at) { return (at.a - at.b) / std::max(at.a, at.b); }

bool is_equal(const Comparison& at) { return std::abs(difference(at)) <= equal; }

/// Everything that was compared around a crossing, in the order of the grid.
std::vector<Comparison> known_points(const Breakeven& result, const Crossing& crossing) {
  auto points = result.grid;
  for (const auto& at : {crossing.low, crossing.high}) {
    if (std::ranges::find(points, at) == points.end()) points.push_back(at);
  }
  const bool rises = number_of(result.grid.front()) < number_of(result.grid.back());
  std::ranges::stable_sort(points, [&](const Comparison& x, const Comparison& y) {
    return rises ? number_of(x) < number_of(y) : number_of(x) > number_of(y);
  });
  return points;
}

/// Between two points of which one is near and the other is not: the value at which they leave it,
/// on a straight line in the logarithm of the value where that can be.
std::string edge(const Comparison& inside, const Comparison& outside) {
  const double from = difference(inside), to = difference(outside);
  const double share = ((to > 0 ? near : -near) - from) / (to - from);
  const double x = number_of(inside), y = number_of(outside);
  const double value = x > 0 && y > 0 ? x * std::pow(y / x, share) : x + (y - x) * share;
  return with_digits(value, 3) + unit_of(inside);
}

/// "from about 31Gbps to 45Gbps"
std::string near_text(const std::vector<Comparison>& points, const Crossing& crossing) {
  const auto is_near = [](const Comparison& at) { return std::abs(difference(at)) <= near; };
  auto first = std::ranges::find(points, crossing.low);
  auto last = std::ranges::find(points, crossing.high);
  if (!is_near(*first) || !is_near(*last)) return {};
  while (first != points.begin() && is_near(*(first - 1))) --first;
  while (last + 1 != points.end() && is_near(*(last + 1))) ++last;
  const auto from = first == points.begin() ? rounded(first->value) : edge(*first, *(first - 1));
  const auto to = last + 1 == points.end() ? rounded(last->value) : edge(*last, *(last + 1));
  return fmt::format("They are within {:.0f} % of one another from about {} to {}.\n", near * 100,
                     from, to);
}

/// The values of the grid on both sides of a crossing, or its own where there are none.
std::pair<Comparison, Comparison> sides(const std::vector<Comparison>& points,
                                        const Crossing& crossing) {
  auto before = std::ranges::find(points, crossing.low);
  auto after = std::ranges::find(points, crossing.high);
  if (before != points.begin() && is_equal(*before)) --before;
  if (after + 1 != points.end() && is_equal(*after)) ++after;
  return {*before, *after};
}

/// How steep both are between two points, in percent of the time per percent of the value.
std::string slopes_text(const Compared& compared, const Breakeven& result,
                        const Crossing& crossing) {
  const auto outside = [&](const Comparison& at) { return !is_equal(at); };
  const Comparison* before = nullptr;
  const Comparison* after = nullptr;
  const bool rises = number_of(result.grid.front()) < number_of(result.grid.back());
  for (const auto& at : result.grid) {
    const double way = (number_of(at) - number_of(crossing.low)) * (rises ? 1 : -1);
    const double past = (number_of(at) - number_of(crossing.high)) * (rises ? 1 : -1);
    if (way <= 0 && (outside(at) || before == nullptr)) before = &at;
    if (past >= 0 && after == nullptr && (outside(at) || &at == &result.grid.back())) after = &at;
  }
  if (before == nullptr || after == nullptr || number_of(*before) <= 0 || number_of(*after) <= 0 ||
      number_of(*before) == number_of(*after)) {
    return {};
  }
  const double run = std::log(number_of(*after) / number_of(*before));
  return fmt::format(
      "Slopes from {} to {}, in % of the time per % of {}: {} {:+.2f}, {} {:+.2f}.\n",
      rounded(before->value), rounded(after->value), compared.option, compared.a,
      std::log(after->a / before->a) / run, compared.b, std::log(after->b / before->b) / run);
}

std::string equal_text(const Compared& compared, const std::vector<Comparison>& points,
                       const Crossing& crossing) {
  const auto& [low, high, width] = crossing;
  if (!is_equal(low)) {
    return fmt::format(
        "They are equal between {} and {} ({}): {} is faster at the first, {} at the second.\n",
        rounded(low.value), rounded(high.value),
        width ? fmt::format("{:.2g} %", *width * 100) : std::string("neighbours"),
        faster(compared, low), faster(compared, high));
  }
  const auto where = low == high
                         ? fmt::format("at {}", rounded(low.value))
                         : fmt::format("from {} to {}", rounded(low.value), rounded(high.value));
  const auto [before, after] = sides(points, crossing);
  const auto first = is_equal(before) ? std::string("neither") : faster(compared, before);
  const auto second = is_equal(after) ? std::string("neither") : faster(compared, after);
  const bool crosses = first != second && !is_equal(before) && !is_equal(after);
  return fmt::format("They are equal {} ({} per step){}: {} is faster before it, {} after it.\n",
                     where, format(Seconds{low.a}), crosses ? "" : " and do not cross", first,
                     second);
}

/// What is not certain of a configuration where it is faster, and for how long it would stay so.
std::string uncertain_text(const std::string& name, const std::optional<std::string>& basis,
                           const std::vector<Comparison>& grid, double sign) {
  const auto lead = [&](const Comparison& at) { return sign * (at.b - at.a); };
  const Comparison *least = nullptr, *most = nullptr;
  for (const auto& at : grid) {
    if (is_equal(at) || lead(at) < 0) continue;
    if (least == nullptr || lead(at) < lead(*least)) least = &at;
    if (most == nullptr || lead(at) > lead(*most)) most = &at;
  }
  if (!is_uncertain(basis) || least == nullptr) return {};
  const auto text = [&](const Comparison& at) {
    return fmt::format("{} (at {})", format(Seconds{lead(at)}), rounded(at.value));
  };
  return fmt::format(
      "What {} takes to compress is {}, not measured: where it is faster, it stays so at least "
      "while "
      "that takes no more than {}{} longer per step.\n",
      name, *basis, text(*least), least == most ? "" : " to " + text(*most));
}

}  // namespace

std::string rounded(const std::string& value) {
  const auto number = leading_number(value);
  if (!number || number->value == std::round(number->value)) return value;
  return with_digits(number->value, 5) + std::string(number->rest);
}

std::string faster(const Compared& compared, const Comparison& at) {
  if (is_equal(at)) return "neither";
  return at.a < at.b ? compared.a : compared.b;
}

std::string crossings_text(const Compared& compared, const Breakeven& result) {
  std::string text;
  for (const auto& crossing : result.crossings) {
    const auto points = known_points(result, crossing);
    text += equal_text(compared, points, crossing) + slopes_text(compared, result, crossing) +
            near_text(points, crossing);
  }
  if (result.crossings.empty()) {
    text = fmt::format("There is no crossing: {} is faster at all {} values.\n",
                       faster(compared, result.grid.front()), result.grid.size());
  }
  return text + uncertain_text(compared.a, result.compress_basis_a, result.grid, 1) +
         uncertain_text(compared.b, result.compress_basis_b, result.grid, -1) +
         "Two crossings between neighbouring values of the table would not be seen (--grid).\n";
}

}  // namespace ringsim
