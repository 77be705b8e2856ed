#include "models/schemes/top_k.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace ringsim {
namespace {

float magnitude(float value) {
  const float m = std::fabs(value);
  return m >= 0 ? m : 0;  // a NaN is not
}

}  // namespace

float kth_largest(std::span<float> magnitudes, std::size_t k) {
  const auto at = magnitudes.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(magnitudes.begin(), at, magnitudes.end(), std::greater<>());
  return *at;
}

void select_top_k(std::span<const float> values, std::size_t k, std::span<prune::MaskWord> mask,
                  std::vector<float>& scratch) {
  std::fill(mask.begin(), mask.end(), 0);
  if (k == 0) return;
  scratch.resize(values.size());
  std::ranges::transform(values, scratch.begin(), magnitude);
  const float threshold = kth_largest(scratch, k);
  const auto above =
      std::count_if(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(k),
                    [&](float m) { return m > threshold; });
  std::size_t ties = k - static_cast<std::size_t>(above);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float m = magnitude(values[i]);
    const bool tie = m == threshold && ties > 0;
    if (tie) --ties;
    if (m > threshold || tie) mask[i / 64] |= prune::MaskWord{1} << (i % 64);
  }
}

std::size_t kept_count(double density, std::size_t parameters) {
  const auto count = std::ceil(density * static_cast<double>(parameters));
  return std::min(parameters, static_cast<std::size_t>(count));
}

float sampled_threshold(std::span<const float> values, double density, std::size_t first,
                        std::size_t stride, std::vector<float>& scratch) {
  scratch.clear();
  for (std::size_t i = first; i < values.size(); i += stride)
    scratch.push_back(magnitude(values[i]));
  return kth_largest(scratch, kept_count(density, scratch.size()));
}

}  // namespace ringsim
