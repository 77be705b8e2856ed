#pragma once
// The CPU kernels in vectors of 256 bits. Included by one file per instruction set and compiled
// with what that has (models/prune/CMakeLists.txt): all of it has internal linkage, so that no
// other file ends up with instructions that the processor may lack.
#include "models/prune/cpu_kernels.hpp"

#include <immintrin.h>

namespace ringsim::prune {

namespace {

constexpr std::size_t chunk_elements = 4096;
constexpr std::size_t lanes = 32;

struct Sums {
  __m256d sum[lanes / 4];
  __m256d square[lanes / 4];
};

/// Which optional buffers a loop has.
enum class Input { test_only, gradient, gradient_and_velocity };

/// Accumulates eight elements.
template <Input input>
__m256 accumulate(const SelectRange& range, std::size_t at, __m256 momentum) {
  __m256 residual = _mm256_loadu_ps(range.residual + at);
  if constexpr (input == Input::test_only) return residual;
  __m256 update = _mm256_loadu_ps(range.gradient + at);
  if constexpr (input == Input::gradient_and_velocity) {
    const __m256 velocity = _mm256_loadu_ps(range.velocity + at);
    update = _mm256_add_ps(_mm256_mul_ps(momentum, velocity), update);
    _mm256_storeu_ps(range.velocity + at, update);
  }
  residual = _mm256_add_ps(residual, update);
  _mm256_storeu_ps(range.residual + at, residual);
  return residual;
}

/// sum + x*x for widened floats. Their product has 48 bits at most and is exact in a double, so
/// that a fused multiply-add, where there is one, rounds the same value once: the same bits.
[[gnu::always_inline]] inline __m256d add_square(__m256d sum, __m256d x) {
#ifdef __FMA__
  return _mm256_fmadd_pd(x, x, sum);
#else
  return _mm256_add_pd(sum, _mm256_mul_pd(x, x));
#endif
}

/// Adds eight importances to lanes 4*vector, ...
[[gnu::always_inline]] inline void add_importances(Sums& sums, std::size_t vector,
                                                   __m256 importances) {
  const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(importances));
  const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(importances, 1));
  sums.sum[vector] = _mm256_add_pd(sums.sum[vector], low);
  sums.sum[vector + 1] = _mm256_add_pd(sums.sum[vector + 1], high);
  sums.square[vector] = add_square(sums.square[vector], low);
  sums.square[vector + 1] = add_square(sums.square[vector + 1], high);
}

/// Selects 64 elements, the first of which is of lane 0.
template <Input input>
MaskWord select_word(const SelectRange& range, std::size_t first, Sums& sums) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  const __m256 momentum = _mm256_set1_ps(range.momentum);
  const __m256 threshold = _mm256_set1_ps(range.threshold);
  const __m256 floor = _mm256_set1_ps(range.floor);
  MaskWord bits = 0;
  // Unrolled, each sum has a place that the compiler knows. Summing in a second loop, from a buffer
  // in the L1 cache, keeps the sums in registers but was slower: while it runs, no load of the next
  // elements is under way. So was software prefetching.
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 64; i += 8) {
    const __m256 residual = accumulate<input>(range, first + i, momentum);
    const __m256 size = _mm256_and_ps(residual, magnitude);
    const __m256 weight = _mm256_and_ps(_mm256_loadu_ps(range.weight + first + i), magnitude);
    const __m256 scale = _mm256_max_ps(weight, floor);  // the floor where the weight is NaN
    const __m256 kept = _mm256_cmp_ps(size, _mm256_mul_ps(threshold, scale), _CMP_GT_OQ);
    bits |= MaskWord{static_cast<unsigned>(_mm256_movemask_ps(kept))} << i;
    add_importances(sums, i % lanes / 4, _mm256_div_ps(size, scale));
  }
  return bits;
}

/// The sum of 32 lanes, as the contract folds them.
double fold(const __m256d* lane) {
  __m256d four[4];
  for (std::size_t i = 0; i < 4; ++i) four[i] = _mm256_add_pd(lane[i], lane[i + 4]);
  const __m256d quad =
      _mm256_add_pd(_mm256_add_pd(four[0], four[2]), _mm256_add_pd(four[1], four[3]));
  const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(quad), _mm256_extractf128_pd(quad, 1));
  return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
}

/// Selects the last, fewer than 64 elements of a segment, in lanes 0, 1, ...
template <Input input>
MaskWord select_rest(const SelectRange& range, std::size_t first, Sums& sums) {
  double sum[lanes], square[lanes];
  for (std::size_t i = 0; i < lanes / 4; ++i) {
    _mm256_storeu_pd(sum + 4 * i, sums.sum[i]);
    _mm256_storeu_pd(square + 4 * i, sums.square[i]);
  }
  MaskWord bits = 0;
  for (std::size_t i = 0; first + i < range.elements; ++i) {
    const std::size_t at = first + i;
    if constexpr (input != Input::test_only) {
      float update = range.gradient[at];
      if constexpr (input == Input::gradient_and_velocity) {
        update = range.momentum * range.velocity[at] + update;
        range.velocity[at] = update;
      }
      range.residual[at] += update;
    }
    const float size = __builtin_fabsf(range.residual[at]);
    const float weight = __builtin_fabsf(range.weight[at]);
    const float scale = weight > range.floor ? weight : range.floor;
    if (size > range.threshold * scale) bits |= MaskWord{1} << i;
    const double importance = size / scale;
    sum[i % lanes] += importance;
    square[i % lanes] += importance * importance;
  }
  for (std::size_t i = 0; i < lanes / 4; ++i) {
    sums.sum[i] = _mm256_loadu_pd(sum + 4 * i);
    sums.square[i] = _mm256_loadu_pd(square + 4 * i);
  }
  return bits;
}

template <Input input>
void select_chunk(const SelectRange& range, std::size_t first, Statistics& statistics) {
  Sums sums;
  for (std::size_t i = 0; i < lanes / 4; ++i) sums.sum[i] = sums.square[i] = _mm256_setzero_pd();
  std::uint64_t kept = 0;
  const std::size_t left = range.elements - first;
  const std::size_t last = first + (left < chunk_elements ? left : chunk_elements);
  for (; last - first >= 64; first += 64) {
    const MaskWord bits = select_word<input>(range, first, sums);
    range.mask[first / 64] = bits;
    kept += static_cast<std::uint64_t>(__builtin_popcountll(bits));
  }
  if (first < last) {
    const MaskWord bits = select_rest<input>(range, first, sums);
    range.mask[first / 64] = bits;
    kept += static_cast<std::uint64_t>(__builtin_popcountll(bits));
  }
  statistics.kept = kept;
  statistics.importance_sum = fold(sums.sum);
  statistics.importance_square_sum = fold(sums.square);
}

template <Input input>
void select_chunks(const SelectRange& range, Statistics* statistics) {
  for (std::size_t first = 0; first < range.elements; first += chunk_elements)
    select_chunk<input>(range, first, *statistics++);
}

void select(const SelectRange& range, Statistics* statistics) {
  if (!range.gradient)
    select_chunks<Input::test_only>(range, statistics);
  else if (!range.velocity)
    select_chunks<Input::gradient>(range, statistics);
  else
    select_chunks<Input::gradient_and_velocity>(range, statistics);
}

/// Calls visit(indices, count) for the indices of set bits, in ascending batches, and prefetch(i)
/// for each about one batch earlier: nearly every kept element is a cache miss.
constexpr std::size_t batch = 64;

template <class Prefetch, class Visit>
void for_each_batch(const MaskWord* mask, std::size_t words, Prefetch prefetch, Visit visit) {
  // A word adds up to 64 indices to a batch that is not full yet.
  std::size_t buffers[2][2 * batch];
  std::size_t* filling = buffers[0];
  std::size_t* waiting = buffers[1];
  std::size_t filled = 0, held = 0;
  const auto scan_word = [&](std::size_t index) {
    for (MaskWord bits = mask[index]; bits != 0; bits &= bits - 1) {
      const std::size_t at = index * 64 + static_cast<std::size_t>(__builtin_ctzll(bits));
      prefetch(at);
      filling[filled++] = at;
    }
    if (filled < batch) return;
    visit(waiting, held);
    std::size_t* const empty = waiting;
    waiting = filling;
    held = filled;
    filling = empty;
    filled = 0;
  };
  std::size_t index = 0;
  for (; index + 4 <= words; index += 4) {
    const __m256i four = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + index));
    if (_mm256_testz_si256(four, four)) continue;
    for (std::size_t i = 0; i < 4; ++i) scan_word(index + i);
  }
  for (; index < words; ++index) scan_word(index);
  visit(waiting, held);
  visit(filling, filled);
}

std::size_t pack(const MaskWord* mask, std::size_t words, float* residual, float* velocity,
                 float* packed) {
  float* out = packed;
  if (velocity) {
    for_each_batch(
        mask, words,
        [&](std::size_t at) {
          __builtin_prefetch(residual + at, 1);
          __builtin_prefetch(velocity + at, 1);
        },
        [&](const std::size_t* at, std::size_t count) {
          for (std::size_t i = 0; i < count; ++i) {
            *out++ = residual[at[i]];
            residual[at[i]] = 0;
            velocity[at[i]] = 0;
          }
        });
  } else {
    for_each_batch(
        mask, words, [&](std::size_t at) { __builtin_prefetch(residual + at, 1); },
        [&](const std::size_t* at, std::size_t count) {
          for (std::size_t i = 0; i < count; ++i) {
            *out++ = residual[at[i]];
            residual[at[i]] = 0;
          }
        });
  }
  return static_cast<std::size_t>(out - packed);
}

std::size_t unpack(const MaskWord* mask, std::size_t words, const float* packed, float* target) {
  const float* in = packed;
  for_each_batch(
      mask, words, [&](std::size_t at) { __builtin_prefetch(target + at, 1); },
      [&](const std::size_t* at, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) target[at[i]] = *in++;
      });
  return static_cast<std::size_t>(in - packed);
}

void unite(MaskWord* mask, const MaskWord* other, std::size_t words) {
  std::size_t i = 0;
  for (; i + 4 <= words; i += 4) {
    const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + i));
    const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(other + i));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(mask + i), _mm256_or_si256(a, b));
  }
  for (; i < words; ++i) mask[i] |= other[i];
}

std::uint64_t count(const MaskWord* mask, std::size_t words) {
  std::uint64_t totals[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= words; i += 4)
    for (std::size_t j = 0; j < 4; ++j)
      totals[j] += static_cast<std::uint64_t>(__builtin_popcountll(mask[i + j]));
  for (; i < words; ++i) totals[0] += static_cast<std::uint64_t>(__builtin_popcountll(mask[i]));
  return totals[0] + totals[1] + totals[2] + totals[3];
}

/// accumulate_bare() of measure.hpp.
void accumulate_bare_vectors(const float* gradient, const float* weight, float* residual,
                             std::size_t elements) {
  std::size_t i = 0;
  for (; i + 8 <= elements; i += 8) {
    const __m256 added = _mm256_add_ps(_mm256_loadu_ps(gradient + i), _mm256_loadu_ps(weight + i));
    _mm256_storeu_ps(residual + i, _mm256_add_ps(_mm256_loadu_ps(residual + i), added));
  }
  for (; i < elements; ++i) residual[i] += gradient[i] + weight[i];
}

constexpr CpuKernels kernels{select, pack, unpack, unite, count, accumulate_bare_vectors};

}  // namespace

}  // namespace ringsim::prune
