#include "topologies/calibration/cluster/least_squares.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace ringsim::cluster {
namespace {

constexpr int rounds_of_weights = 25;
constexpr double tuning = 1.5, to_deviation = 1.4826, least_scale = 0.01;

/// The normal equations G x = g of parameters in units of their own.
struct Normal {
  std::vector<std::vector<double>> matrix;
  std::vector<double> side;
};

/// Solves the equations of these parameters alone (Gauss, with pivots); nothing where the data do
/// not tell them apart.
std::optional<std::vector<double>> solve(const Normal& normal, const std::vector<std::size_t>& of) {
  const std::size_t n = of.size();
  std::vector<std::vector<double>> rows(n, std::vector<double>(n + 1));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) rows[i][j] = normal.matrix[of[i]][of[j]];
    rows[i][n] = normal.side[of[i]];
  }
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < n; ++r)
      if (std::abs(rows[r][i]) > std::abs(rows[pivot][i])) pivot = r;
    if (std::abs(rows[pivot][i]) < 1e-10) return std::nullopt;
    std::swap(rows[i], rows[pivot]);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double factor = rows[r][i] / rows[i][i];
      for (std::size_t c = i; c <= n; ++c) rows[r][c] -= factor * rows[i][c];
    }
  }
  std::vector<double> solution(n);
  for (std::size_t i = 0; i < n; ++i) solution[i] = rows[i][n] / rows[i][i];
  return solution;
}

/// Lawson and Hanson, "Solving Least Squares Problems", 1974, chapter 23.
std::vector<double> solve_nonnegative(const Normal& normal) {
  const std::size_t n = normal.side.size();
  std::vector<double> x(n, 0);
  std::vector<std::size_t> free;
  std::vector<bool> is_barred(n);
  const auto gradient = [&](std::size_t i) {
    double sum = normal.side[i];
    for (std::size_t j = 0; j < n; ++j) sum -= normal.matrix[i][j] * x[j];
    return sum;
  };
  for (std::size_t tries = 0; tries < 10 * n + 10; ++tries) {
    std::optional<std::size_t> enters;
    for (std::size_t i = 0; i < n; ++i) {
      if (is_barred[i] || std::find(free.begin(), free.end(), i) != free.end()) continue;
      if (gradient(i) > 1e-9 && (!enters || gradient(i) > gradient(*enters))) enters = i;
    }
    if (!enters) break;
    free.push_back(*enters);
    for (;;) {
      const auto wanted = solve(normal, free);
      if (!wanted) {  // like parameters that are free already
        is_barred[free.back()] = true;
        x[free.back()] = 0;
        free.pop_back();
        break;
      }
      double step = 1;
      for (std::size_t k = 0; k < free.size(); ++k) {
        if ((*wanted)[k] <= 0) step = std::min(step, x[free[k]] / (x[free[k]] - (*wanted)[k]));
      }
      for (std::size_t k = 0; k < free.size(); ++k)
        x[free[k]] += step * ((*wanted)[k] - x[free[k]]);
      if (step >= 1) break;
      std::erase_if(free, [&](std::size_t i) {
        if (x[i] > 1e-14) return false;
        x[i] = 0;
        return true;
      });
    }
  }
  return x;
}

double error_of(const Equation& equation, const std::vector<double>& parameters) {
  double sum = 0;
  for (const auto& [parameter, coefficient] : equation.terms)
    sum += coefficient * parameters[parameter];
  return std::abs(sum / equation.value - 1);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<double> fit_robustly(std::span<const Equation> equations, std::span<const Prior> priors,
                                 std::size_t parameters) {
  // Parameters differ by many powers of ten: each is counted in units in which its largest term
  // is 1.
  std::vector<double> unit(parameters, 0);
  for (const auto& equation : equations) {
    for (const auto& [parameter, coefficient] : equation.terms)
      unit[parameter] = std::max(unit[parameter], coefficient / equation.value);
  }
  for (const auto& prior : priors) {
    for (const auto& [parameter, coefficient] : prior.terms)
      if (unit[parameter] == 0) unit[parameter] = coefficient / prior.value;
  }
  for (double& each : unit)
    if (each == 0) each = 1;
  std::vector<double> weights(equations.size(), 1), found(parameters, 0);
  for (int round = 0; round < rounds_of_weights; ++round) {
    Normal normal{std::vector(parameters, std::vector<double>(parameters, 0)),
                  std::vector<double>(parameters, 0)};
    const auto add = [&](const std::vector<std::pair<std::size_t, double>>& terms, double value,
                         double weight) {
      for (const auto& [i, a] : terms) {
        const double scaled = a / value / unit[i];
        normal.side[i] += weight * scaled;
        for (const auto& [j, b] : terms)
          normal.matrix[i][j] += weight * scaled * (b / value / unit[j]);
      }
    };
    for (std::size_t e = 0; e < equations.size(); ++e)
      add(equations[e].terms, equations[e].value, weights[e]);
    for (const auto& prior : priors) add(prior.terms, prior.value, prior.weight);
    const auto solution = solve_nonnegative(normal);
    for (std::size_t i = 0; i < parameters; ++i) found[i] = solution[i] / unit[i];
    std::vector<double> errors;
    errors.reserve(equations.size());
    for (const auto& equation : equations) errors.push_back(error_of(equation, found));
    const double usual = tuning * std::max(least_scale, to_deviation * median(errors));
    for (std::size_t e = 0; e < equations.size(); ++e)
      weights[e] = errors[e] <= usual ? 1 : usual / errors[e];
  }
  return found;
}

}  // namespace ringsim::cluster
