#include "tools/bench/rivals.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <functional>

namespace ringsim::bench {

Outcome select_with_eigen(const Job& job) {
  const auto size = static_cast<Eigen::Index>(job.residual.size());
  const Eigen::Map<const Eigen::ArrayXf> gradient(job.gradient.data(), size);
  const Eigen::Map<const Eigen::ArrayXf> weight(job.weight.data(), size);
  Eigen::Map<Eigen::ArrayXf> residual(job.residual.data(), size);
  Eigen::Map<Eigen::ArrayXf> importance(job.scratch.data(), size);
  Eigen::Map<Eigen::Array<std::uint8_t, Eigen::Dynamic, 1>> mask(job.mask.data(), size);
  residual += gradient;
  importance = residual.abs() / weight.abs().max(job.floor);
  mask = (residual.abs() > job.threshold * weight.abs().max(job.floor)).cast<std::uint8_t>();
  return {.kept = static_cast<std::size_t>((mask != 0).count()),
          .importance_sum = importance.sum(),
          .importance_square_sum = importance.square().sum()};
}

Outcome top_k_with_nth_element(const Job& job) {
  for (std::size_t i = 0; i < job.residual.size(); ++i) {
    job.residual[i] += job.gradient[i];
    job.scratch[i] = std::fabs(job.residual[i]);
  }
  const auto last = job.scratch.begin() + static_cast<std::ptrdiff_t>(job.top - 1);
  std::nth_element(job.scratch.begin(), last, job.scratch.end(), std::greater<>());
  const float smallest = *last;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < job.residual.size(); ++i) {
    job.mask[i] = std::fabs(job.residual[i]) >= smallest ? 1 : 0;
    kept += job.mask[i];
  }
  return {.kept = kept, .importance_sum = 0, .importance_square_sum = 0};
}

}  // namespace ringsim::bench
