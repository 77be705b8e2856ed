#pragma once
// Least squares of relative errors, with parameters that are never below zero.
#include <cstddef>
#include <span>
#include <vector>

namespace ringsim::cluster {

/// A measured value that is a sum of parameters times coefficients.
struct Equation {
  std::vector<std::pair<std::size_t, double>> terms;  ///< parameter, coefficient
  double value;                                       ///< above zero
};

/// What is known of parameters beforehand: it counts as `weight` measurements that found the sum of
/// these terms to be `value`.
struct Prior {
  std::vector<std::pair<std::size_t, double>> terms;  ///< as those of an equation
  double value, weight;                               ///< value above zero
};

/// The parameters, none below 0, for which the sum of squares of (sum of terms / value - 1) is
/// least. Equations that err by more than 1.5 times the usual error weigh as their distance, not as
/// its square (Huber's loss, by reweighting), so that a few bad measurements decide nothing. A
/// parameter without equations has the value of its prior, or 0.
std::vector<double> fit_robustly(std::span<const Equation> equations, std::span<const Prior> priors,
                                 std::size_t parameters);

}  // namespace ringsim::cluster
