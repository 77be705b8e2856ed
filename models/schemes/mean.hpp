#pragma once
// Sums over ranks and over parameters.
#include "models/schemes/value_type.hpp"

#include <cmath>
#include <cstddef>
#include <span>

namespace ringsim {

/// The sum of |x|, in order, in double.
inline double sum_of_magnitudes(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += std::fabs(value);
  return sum;
}

/// mean = (sum over the ranks' vectors, added in rank order) / ranks. All of the same length. Where
/// 16-bit values travel, every partial sum is rounded to them, as each hop of an all-reduce does;
/// the division is in fp32, on every rank.
template <class Vectors>
void mean_over_ranks(const Vectors& vectors, std::span<float> mean,
                     ValueType type = ValueType::fp32) {
  // A block that stays in the cache takes all ranks' shares before the next one; 1024 values were
  // faster than 4096.
  constexpr std::size_t block = 1024;
  const auto ranks = static_cast<float>(vectors.size());
  for (std::size_t begin = 0; begin < mean.size(); begin += block) {
    const std::size_t end = begin + block < mean.size() ? begin + block : mean.size();
    for (std::size_t i = begin; i < end; ++i) mean[i] = vectors[0][i];
    for (std::size_t rank = 1; rank < vectors.size(); ++rank) {
      const float* vector = vectors[rank].data();
      for (std::size_t i = begin; i < end; ++i) mean[i] += vector[i];
      round_values(type, mean.subspan(begin, end - begin));
    }
    for (std::size_t i = begin; i < end; ++i) mean[i] /= ranks;
  }
}

}  // namespace ringsim
