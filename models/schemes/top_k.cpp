#include "models/schemes/top_k.hpp"

#include "models/prune/set_bits.hpp"

#include <algorithm>
#include <bit>
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

float keep_largest(std::span<const float> values, std::size_t k, std::span<prune::MaskWord> mask,
                   std::vector<float>& scratch) {
  scratch.clear();
  prune::for_each_set_bit(mask, [&](std::size_t i) { scratch.push_back(magnitude(values[i])); });
  const float threshold = kth_largest(scratch, k);
  const auto above =
      std::count_if(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(k),
                    [&](float m) { return m > threshold; });
  std::size_t ties = k - static_cast<std::size_t>(above);
  for (std::size_t index = 0; index < mask.size(); ++index) {
    prune::MaskWord left = 0;
    for (prune::MaskWord word = mask[index]; word != 0; word &= word - 1) {
      const float m =
          magnitude(values[index * 64 + static_cast<std::size_t>(std::countr_zero(word))]);
      const bool tie = m == threshold && ties > 0;
      if (tie) --ties;
      if (m > threshold || tie) left |= word & -word;
    }
    mask[index] = left;
  }
  return threshold;
}

void keep_first(std::span<prune::MaskWord> mask, std::size_t k) {
  for (auto& word : mask) {
    const auto bits = static_cast<std::size_t>(std::popcount(word));
    if (bits <= k) {
      k -= bits;
      continue;
    }
    prune::MaskWord left = 0;
    for (; k > 0; --k) {
      left |= word & -word;
      word &= word - 1;
    }
    word = left;
  }
}

std::size_t kept_count(double density, std::size_t parameters) {
  // A density such as 1/84 is rounded: what is whole but for that is whole.
  constexpr double rounding = 1 + 1e-12;
  const auto count =
      static_cast<std::size_t>(std::floor(density * static_cast<double>(parameters) * rounding));
  return std::min(parameters, std::max<std::size_t>(1, count));
}

std::size_t sample_stride(std::size_t parameters, double share, double density) {
  const auto wanted =
      std::max(std::ceil(share * static_cast<double>(parameters)), std::ceil(2 / density));
  if (wanted >= static_cast<double>(parameters)) return 1;
  const auto sample = static_cast<std::size_t>(wanted);
  std::size_t stride = (parameters + 32 * sample - 1) / (32 * sample) * 32 + 1;
  while (parameters / stride < sample) stride -= 8;
  return stride;
}

float sampled_threshold(std::span<const float> values, double density, std::size_t first,
                        std::size_t stride, std::vector<float>& scratch) {
  scratch.clear();
  for (std::size_t i = first; i < values.size(); i += stride)
    scratch.push_back(magnitude(values[i]));
  const std::size_t sample = values.size() / stride;
  const auto k = static_cast<std::size_t>(std::ceil(density * static_cast<double>(sample)));
  return kth_largest(scratch, std::min(k, scratch.size()));
}

}  // namespace ringsim
