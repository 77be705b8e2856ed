#include "models/schemes/normal_shares.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {

const NormalNodes& normal_nodes() {
  static const NormalNodes nodes = [] {
    NormalNodes all;
    double sum = 0;
    for (std::size_t i = 0; i < NormalNodes::count; ++i) {
      all.at[i] = -6 + 12 * static_cast<double>(i) / (NormalNodes::count - 1);
      all.weight[i] = std::exp(-all.at[i] * all.at[i] / 2);
      sum += all.weight[i];
    }
    for (double& each : all.weight) each /= sum;
    return all;
  }();
  return nodes;
}

double factor_of_shares(double sigma, double share) {
  const auto& [at, weight] = normal_nodes();
  double factor = share / std::exp(sigma * sigma / 2);
  // Where none is cut off at 1 the first factor is right; else a few steps upwards are.
  for (int round = 0; round < 200; ++round) {
    double mean = 0;
    for (std::size_t i = 0; i < NormalNodes::count; ++i)
      mean += weight[i] * std::min(1.0, factor * std::exp(sigma * at[i]));
    if (std::abs(mean - share) <= 1e-9 * share) break;
    factor *= share / mean;
  }
  return factor;
}

std::array<double, NormalNodes::count> shares_with_factor(double factor, double sigma) {
  std::array<double, NormalNodes::count> shares{};
  for (std::size_t i = 0; i < shares.size(); ++i)
    shares[i] = std::min(1.0, factor * std::exp(sigma * normal_nodes().at[i]));
  return shares;
}

std::array<double, NormalNodes::count> normal_shares(double sigma, double share) {
  return shares_with_factor(factor_of_shares(sigma, share), sigma);
}

}  // namespace ringsim
