#include "tools/ringsim/crossings.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "sim/scan/uncertain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
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
  return fmt::format("They are within {:.0f} % of one another from about {} to {}.", near * 100,
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
  return fmt::format("Slopes from {} to {}, in % of the time per % of {}: {} {:+.2f}, {} {:+.2f}.",
                     rounded(before->value), rounded(after->value), compared.option, compared.a,
                     std::log(after->a / before->a) / run, compared.b,
                     std::log(after->b / before->b) / run);
}

std::string equal_text(const Compared& compared, const std::vector<Comparison>& points,
                       const Crossing& crossing) {
  const auto& [low, high, width] = crossing;
  if (!is_equal(low)) {
    return fmt::format(
        "They are equal between {} and {} ({}): {} is faster at the first, {} at the second.",
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
  return fmt::format("They are equal {} ({} per step){}: {} is faster before it, {} after it.",
                     where, format(Seconds{low.a}), crosses ? "" : " and do not cross", first,
                     second);
}

/// A value that a sentence can take up: "1Gbps" says what it is of, "ranks=8" has to be told.
std::string place(const Compared& compared, const Comparison& at) {
  const auto number = leading_number(at.value);
  const bool has_unit = number && !number->rest.empty() && number->rest.front() != '/';
  return has_unit ? rounded(at.value) : fmt::format("{}={}", compared.option, rounded(at.value));
}

/// What is not certain of a configuration where it is faster, and for how long it would stay so.
std::string uncertain_text(const Compared& compared, const std::string& name,
                           const std::optional<std::string>& basis,
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
    return fmt::format("{} (at {})", format(Seconds{lead(at)}), place(compared, at));
  };
  return fmt::format(
      "{}where it is faster, it stays so at least while that takes no more than {}{} longer a "
      "step.",
      uncertain_start(name + " takes", *basis), text(*least),
      least == most ? "" : " to " + text(*most));
}

/// A part of the range in which one configuration is faster, or both take the same.
struct Segment {
  std::string who;    ///< empty: both
  std::string until;  ///< empty: the end of the range
};

/// The parts of the range, in order. Where the two touch without crossing there is but one.
std::vector<Segment> segments(const Compared& compared, const Breakeven& result) {
  std::vector<Segment> found;
  const auto add = [&](const std::string& who, const std::string& until) {
    if (!found.empty() && found.back().who == who) {
      found.back().until = until;
    } else {
      found.push_back({who, until});
    }
  };
  for (const auto& crossing : result.crossings) {
    const auto [before, after] = sides(known_points(result, crossing), crossing);
    const auto& [low, high, width] = crossing;
    if (!is_equal(before)) add(faster(compared, before), rounded(low.value));
    if (is_equal(low) && low.value != high.value) add({}, rounded(high.value));
    if (!is_equal(after)) add(faster(compared, after), {});
  }
  return found;
}

/// "scheme=iwp is faster at a bandwidth up to 42.295Gbps, scheme=dense beyond."
std::string winners_text(const Compared& compared, const Breakeven& result) {
  const auto& grid = result.grid;
  if (result.crossings.empty()) {
    return fmt::format("There is no crossing: {} is faster at all {} values of {} from {} to {}.",
                       faster(compared, grid.front()), grid.size(), compared.option,
                       rounded(grid.front().value), rounded(grid.back().value));
  }
  const bool rises = number_of(grid.front()) < number_of(grid.back());
  std::string text;
  for (const auto& [who, until] : segments(compared, result)) {
    if (!text.empty()) {
      text += fmt::format(", {} {}", who.empty() ? "both take the same" : who,
                          until.empty() ? "beyond" : "from there to " + until);
      continue;
    }
    text = who.empty() ? "Both take the same" : who + " is faster";
    text += until.empty() ? fmt::format(" at every {} but where they are equal", compared.option)
                          : fmt::format(" at a {} {} {}", compared.option,
                                        rises ? "up to" : "down to", until);
  }
  return text + ".";
}

/// "at 1Gbps scheme=iwp takes 1s a step, 3.10x as fast as scheme=dense (3.1s)"
std::string lead_at(const Compared& compared, const Comparison& at) {
  const auto where = place(compared, at);
  if (is_equal(at))
    return fmt::format("at {} both take the same ({} a step)", where, format(Seconds{at.a}));
  const bool is_a = at.a < at.b;
  const auto [least, most] = std::minmax(at.a, at.b);
  return fmt::format("at {} {} takes {} a step, {} {} ({})", where, is_a ? compared.a : compared.b,
                     format(Seconds{least}), factor_text(least, most),
                     is_a ? compared.b : compared.a, format(Seconds{most}));
}

std::string ends_text(const Compared& compared, const Breakeven& result) {
  auto first = lead_at(compared, result.grid.front());
  first.front() = 'A';
  return fmt::format("{}; {}.", first, lead_at(compared, result.grid.back()));
}

/// What binds the faster one at the first and at the last value.
std::string binding_at_ends(const Compared& compared, const Breakeven& result) {
  std::vector<std::string> parts;
  const auto add = [&](const Comparison& at, const std::optional<BothSummaries>& both) {
    if (!both) return;
    const bool is_a = at.a <= at.b;
    const auto& bottleneck = is_a ? both->a.bottleneck : both->b.bottleneck;
    if (!bottleneck) return;
    parts.push_back(fmt::format("{} at {} ({}, {:.2f} % of the critical path)",
                                binding_name(bottleneck->kind), place(compared, at),
                                is_a ? compared.a : compared.b, bottleneck->share * 100));
  };
  add(result.grid.front(), result.at_first);
  add(result.grid.back(), result.at_last);
  if (parts.empty()) return {};
  return fmt::format("What binds the faster one: {}.", join(parts, "; "));
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

std::vector<std::string> near_lines(const Breakeven& result) {
  std::vector<std::string> lines;
  for (const auto& crossing : result.crossings) {
    auto text = near_text(known_points(result, crossing), crossing);
    if (!text.empty()) lines.push_back(std::move(text));
  }
  return lines;
}

std::vector<std::string> crossing_lines(const Compared& compared, const Breakeven& result) {
  std::vector<std::string> lines;
  for (const auto& crossing : result.crossings) {
    const auto points = known_points(result, crossing);
    for (auto text : {equal_text(compared, points, crossing),
                      slopes_text(compared, result, crossing), near_text(points, crossing)}) {
      if (!text.empty()) lines.push_back(std::move(text));
    }
  }
  return lines;
}

Verdict breakeven_verdict(const Compared& compared, const Breakeven& result) {
  Verdict verdict;
  add_sentence(verdict, winners_text(compared, result));
  add_sentence(verdict, ends_text(compared, result));
  add_sentence(verdict, binding_at_ends(compared, result));
  add_sentence(verdict,
               uncertain_text(compared, compared.a, result.compress_basis_a, result.grid, 1));
  add_sentence(verdict,
               uncertain_text(compared, compared.b, result.compress_basis_b, result.grid, -1));
  std::vector<TimeBasis> bases;
  for (const auto* both : {&result.at_first, &result.at_last}) {
    if (*both) bases.insert(bases.end(), {(*both)->a.basis, (*both)->b.basis});
  }
  add_sentence(verdict, basis_text(bases));
  if (result.at_first) {
    const auto a = contender(compared.a, result.at_first->a);
    const auto b = contender(compared.b, result.at_first->b);
    const bool is_a = result.grid.front().a <= result.grid.front().b;
    add_sentence(verdict, is_a ? accuracy_text(a, b) : accuracy_text(b, a));
  }
  add_sentence(verdict,
               "Two crossings between neighbouring values of the table would not be seen "
               "(--grid).");
  return verdict;
}

}  // namespace ringsim
