#pragma once
// Shares that are spread as the models of masks say: min(1, c * exp(sigma * x)), x a standard
// normal number, and expectations over x.
#include <array>
#include <cstddef>

namespace ringsim {

/// The trapezoidal rule for expectations over a standard normal number: its error is far below that
/// of the models.
struct NormalNodes {
  static constexpr std::size_t count = 33;
  std::array<double, count> at{}, weight{};
};
const NormalNodes& normal_nodes();

/// The factor c with which the mean of min(1, c * exp(sigma * x)) over x is `share`, 0 to 1.
double factor_of_shares(double sigma, double share);

/// min(1, factor * exp(sigma * x)) at the nodes.
std::array<double, NormalNodes::count> shares_with_factor(double factor, double sigma);

/// The same with the factor that makes `share` their mean.
std::array<double, NormalNodes::count> normal_shares(double sigma, double share);

}  // namespace ringsim
