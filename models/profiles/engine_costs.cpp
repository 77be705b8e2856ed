#include "models/profiles/engine_costs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace ringsim {
namespace {

/// A measured time and what it may grow with: one call, so many elements, so many kept values.
struct Point {
  std::array<double, 3> counts;
  double seconds;
};
constexpr std::size_t terms = 3;
using Coefficients = std::array<double, terms>;

double squared_errors(const std::vector<Point>& points, const Coefficients& coefficients) {
  double sum = 0;
  for (const auto& point : points) {
    double predicted = 0;
    for (std::size_t i = 0; i < terms; ++i) predicted += coefficients[i] * point.counts[i];
    sum += (predicted / point.seconds - 1) * (predicted / point.seconds - 1);
  }
  return sum;
}

/// Least squares of the relative errors over the terms of `chosen` alone, by elimination; nothing
/// where they cannot be told apart or one would be negative.
std::optional<Coefficients> solve(const std::vector<Point>& points,
                                  const std::vector<std::size_t>& chosen) {
  const std::size_t n = chosen.size();
  std::vector<std::vector<double>> rows(n, std::vector<double>(n + 1));
  for (const auto& point : points) {
    for (std::size_t i = 0; i < n; ++i) {
      const double a = point.counts[chosen[i]] / point.seconds;
      for (std::size_t j = 0; j < n; ++j) rows[i][j] += a * point.counts[chosen[j]] / point.seconds;
      rows[i][n] += a;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double before = rows[i][i];
    for (std::size_t k = 0; k < i; ++k) {
      const double factor = rows[i][k] / rows[k][k];
      for (std::size_t j = k; j <= n; ++j) rows[i][j] -= factor * rows[k][j];
    }
    if (!(rows[i][i] > 1e-9 * before)) return std::nullopt;
  }
  Coefficients found{};
  for (std::size_t i = n; i-- > 0;) {
    double rest = rows[i][n];
    for (std::size_t j = i + 1; j < n; ++j) rest -= rows[i][j] * found[chosen[j]];
    found[chosen[i]] = rest / rows[i][i];
    if (found[chosen[i]] < 0) return std::nullopt;
  }
  return found;
}

/// The best fit over all choices of terms; a choice of more terms has to be better. Points of one
/// size do not tell a call from its elements: then the call costs nothing.
Coefficients fit(const std::vector<Point>& points) {
  const bool one_size = std::ranges::all_of(
      points, [&](const Point& point) { return point.counts[1] == points.front().counts[1]; });
  Coefficients best{};
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t mask = 1; mask < (1U << terms); ++mask) {
    if (one_size && (mask & 1U) != 0) continue;
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < terms; ++i)
      if ((mask >> i & 1U) != 0) chosen.push_back(i);
    const auto found = solve(points, chosen);
    if (!found) continue;
    const double squares = squared_errors(points, *found);
    if (squares < least) {
      least = squares;
      best = *found;
    }
  }
  return best;
}

CostErrors errors_of(const std::vector<Point>& points, const Coefficients& coefficients) {
  std::vector<double> errors;
  errors.reserve(points.size());
  for (const auto& point : points)
    errors.push_back(std::sqrt(squared_errors({point}, coefficients)));
  std::ranges::sort(errors);
  const std::size_t half = errors.size() / 2;
  const double median =
      errors.size() % 2 == 1 ? errors[half] : (errors[half - 1] + errors[half]) / 2;
  return {.points = errors.size(), .median = median, .worst = errors.back()};
}

StageCosts stage_of(CostStage stage, const std::vector<Point>& points) {
  const auto coefficients = fit(points);
  return {.stage = stage,
          .host_seconds_per = {},
          .device_seconds_per = {.calls = coefficients[0],
                                 .elements = coefficients[1],
                                 .kept_values = coefficients[2]},
          .fitted = errors_of(points, coefficients),
          .held_out = {}};
}

/// The mean over all measurements of what a velocity adds for each of `count`; not below zero.
double mean_growth(const std::vector<std::pair<Seconds, double>>& growth) {
  double sum = 0;
  for (const auto& [seconds, count] : growth) sum += seconds.value / count;
  return std::max(0.0, sum / static_cast<double>(growth.size()));
}

}  // namespace

CostProfile profile_of_engine(const prune::EngineRates& rates) {
  std::vector<Point> select, between, unpack;
  std::vector<std::pair<Seconds, double>> select_growth, pack_growth;
  for (const auto& size : rates.sizes) {
    const auto n = static_cast<double>(size.elements);
    const Seconds alone{16.125 * n / size.select.value};
    const Seconds with_velocity{24.125 * n / size.select_with_velocity.value};
    select.push_back({{1, n, 0}, alone.value});
    select_growth.emplace_back(with_velocity - alone, n);
    for (const auto& mask : size.masks) {
      const auto kept = static_cast<double>(mask.kept);
      between.push_back({{1, n, kept}, mask.pack.value});
      unpack.push_back({{1, n, kept}, mask.unpack.value});
      pack_growth.emplace_back(mask.pack_with_velocity - mask.pack, kept);
    }
  }
  std::vector<StageCosts> stages = {stage_of(CostStage::encode, select),
                                    stage_of(CostStage::between, between),
                                    stage_of(CostStage::decode, unpack)};
  stages[0].device_seconds_per.velocity_elements = mean_growth(select_growth);
  stages[1].device_seconds_per.velocity_values = mean_growth(pack_growth);
  for (auto& stage : stages)
    stage.device_seconds_per.coded_bytes = 1 / rates.sizes.back().copy.value;
  return {.implementation = "fused",
          .gpu = {},
          .device = rates.processor,
          .memory_bandwidth = {},
          .driver = {},
          .versions = {},
          .schemes = {{.scheme = "iwp",
                       .rank = {},
                       .values = {},
                       .description = "ringsim's engine " + rates.engine + " on " +
                                      std::to_string(rates.threads) + " threads",
                       .stages = std::move(stages)}},
          .provenance = Json::Object{{"command", "ringsim bench"}}};
}

}  // namespace ringsim
