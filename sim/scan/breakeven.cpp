#include "sim/scan/breakeven.hpp"

#include "base/error.hpp"
#include "base/units.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/point_checks.hpp"
#include "sim/scan/point_runner.hpp"
#include "sim/scan/uncertain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ringsim {
namespace {

bool accepts(std::string_view option, const std::string& text) {
  RunOptions scratch;
  try {
    set_run_option(scratch, option, text);
    return true;
  } catch (const UserError&) {
    return false;
  }
}

/// Whether a position between two numbers in the middle of nowhere is a value of the option.
bool takes_any_number(std::string_view option, double first, double last, std::string_view unit) {
  constexpr double nowhere = 0.38196601125;
  return accepts(option, value_text(first + (last - first) * nowhere, unit));
}

/// Times that differ by less than this are equal: such differences come from rounding.
constexpr double least_difference = 1e-9;

/// Above 0 where b is faster, below where a is.
int sign_of(const Comparison& at) {
  const double difference = at.a - at.b;
  if (std::abs(difference) <= least_difference * std::max(at.a, at.b)) return 0;
  return difference > 0 ? 1 : -1;
}

}  // namespace

SearchAxis::SearchAxis(std::string_view option, const ValueRange& range, std::string_view item,
                       const Place& place)
    : scale_(Scale::linear), first_(range.first), last_(range.last), end_(1), unit_(range.unit) {
  if (range.step) {
    scale_ = Scale::listed;
    listed_ = values_of(range, item, place);
    end_ = static_cast<double>(listed_.size() - 1);
  } else if (const auto bytes = unit_ratio(unit_, "B")) {
    scale_ = Scale::whole;
    first_ = std::round(first_ * *bytes);
    last_ = std::round(last_ * *bytes);
    unit_ = std::string("B");
  } else if (!takes_any_number(option, first_, last_, unit_)) {
    scale_ = Scale::whole;
  } else if (first_ > 0 && last_ > 0) {
    scale_ = Scale::logarithmic;
  }
  if (scale_ == Scale::whole) end_ = std::abs(last_ - first_);
  if (end_ < 1 || first_ == last_) {
    throw UserError(place, fmt::format("found \"{}\", which has one value", item),
                    "a range with at least two is accepted");
  }
}

double SearchAxis::value(double position) const {
  switch (scale_) {
    case Scale::whole:
      return first_ + (last_ > first_ ? position : -position);
    case Scale::logarithmic:
      return position == 1 ? last_ : first_ * std::pow(last_ / first_, position);
    default:
      return position == 1 ? last_ : first_ + (last_ - first_) * position;
  }
}

std::string SearchAxis::text(double position) const {
  if (scale_ == Scale::listed) return listed_[static_cast<std::size_t>(position)];
  return value_text(value(position), unit_);
}

std::optional<double> SearchAxis::width(double low, double high) const {
  if (scale_ == Scale::listed) return std::nullopt;
  const double a = value(low), b = value(high);
  if (a == 0) return std::nullopt;
  return std::abs(b - a) / std::abs(a);
}

std::optional<double> SearchAxis::between(double low, double high, double accuracy) const {
  const auto apart = width(low, high);
  if (apart && *apart <= accuracy) return std::nullopt;
  if (scale_ == Scale::listed || scale_ == Scale::whole) {
    const double middle = std::floor((low + high) / 2);
    return middle > low ? std::optional(middle) : std::nullopt;
  }
  const double middle = (low + high) / 2;
  if (!(middle > low && middle < high) || high - low < 1e-12) return std::nullopt;
  return middle;
}

std::vector<double> SearchAxis::grid(std::size_t count) const {
  std::vector<double> positions;
  const bool is_discrete = scale_ == Scale::listed || scale_ == Scale::whole;
  for (std::size_t i = 0; i < count; ++i) {
    double position = end_ * static_cast<double>(i) / static_cast<double>(count - 1);
    if (is_discrete) position = std::round(position);
    if (positions.empty() || position > positions.back()) positions.push_back(position);
  }
  return positions;
}

Breakeven find_breakeven(const SearchAxis& axis, std::size_t grid_points, double accuracy,
                         const std::function<Comparison(const std::string& value)>& time) {
  const auto positions = axis.grid(std::max<std::size_t>(2, grid_points));
  Breakeven result;
  for (const double position : positions) result.grid.push_back(time(axis.text(position)));
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (sign_of(result.grid[i]) == 0) {
      const std::size_t first = i;
      while (i + 1 < positions.size() && sign_of(result.grid[i + 1]) == 0) ++i;
      result.crossings.push_back(
          {result.grid[first], result.grid[i], axis.width(positions[first], positions[i])});
      continue;
    }
    if (i == 0 || sign_of(result.grid[i - 1]) * sign_of(result.grid[i]) >= 0) continue;
    double low = positions[i - 1], high = positions[i];
    auto at_low = result.grid[i - 1], at_high = result.grid[i];
    while (const auto middle = axis.between(low, high, accuracy)) {
      const auto at_middle = time(axis.text(*middle));
      if (sign_of(at_middle) == 0) {
        low = high = *middle;
        at_low = at_high = at_middle;
        break;
      }
      const bool is_low = sign_of(at_middle) == sign_of(at_low);
      (is_low ? low : high) = *middle;
      (is_low ? at_low : at_high) = at_middle;
    }
    result.crossings.push_back({at_low, at_high, axis.width(low, high)});
  }
  return result;
}

Breakeven run_breakeven(const BreakevenRequest& request, std::size_t grid_points, double accuracy) {
  PointRunner runner_a, runner_b;
  std::optional<std::string> basis_a, basis_b;
  const auto summary_of = [&](PointRunner& runner, const std::vector<Assignment>& point,
                              const std::string& value, std::optional<std::string>& basis) {
    auto result = runner.run(point);
    if (!result.summary)
      throw RunError(fmt::format("at `{}` {}: {}", request.option, value, result.error));
    if (!is_uncertain(basis)) basis = result.summary->basis.compress;
    return *std::move(result.summary);
  };
  const SearchAxis axis(request.option, request.range, request.item,
                        {{}, fmt::format("`{}`", request.option)});
  const auto points_at = [&](const std::string& value) {
    auto at_value = request.both;
    at_value.options.push_back({request.option, {value}});
    return PointSet(at_value);
  };
  PointChecks checks;
  for (const double end : {0.0, axis.end()}) {
    const auto points = points_at(axis.text(end));
    if (points.size() != 2) {
      throw UserError({{}, "breakeven"}, "found one configuration twice",
                      "two that differ are accepted");
    }
    for (std::size_t point = 0; point < 2; ++point) {
      if (const auto* refusal = checks.refusal(points.assignments(point)))
        throw UserError({}, *refusal);
    }
  }
  std::optional<BothSummaries> at_first, at_last;
  auto found = find_breakeven(axis, grid_points, accuracy, [&](const std::string& value) {
    const auto points = points_at(value);
    const BothSummaries both{summary_of(runner_a, points.assignments(0), value, basis_a),
                             summary_of(runner_b, points.assignments(1), value, basis_b)};
    if (value == axis.text(0)) at_first = both;
    if (value == axis.text(axis.end())) at_last = both;
    return Comparison{
        value,        both.a.seconds_per_step.total, both.b.seconds_per_step.total, both.a.basis,
        both.b.basis, both.a.headroom_seconds,       both.b.headroom_seconds};
  });
  found.at_first = std::move(at_first);
  found.at_last = std::move(at_last);
  found.compress_basis_a = basis_a;
  found.compress_basis_b = basis_b;
  return found;
}

}  // namespace ringsim
