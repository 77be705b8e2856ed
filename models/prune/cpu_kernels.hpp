#pragma once
// What a CPU engine for an instruction set consists of: loops over one range of one segment. They
// are plain functions of plain pointers, because their files are compiled for processors that the
// program may not run on: no inline function of a shared header may be emitted there.
#include "models/prune/engine.hpp"

#include <cstddef>
#include <cstdint>

namespace ringsim::prune {

/// A range of a segment that starts at a multiple of 4096 elements (so its mask words are whole).
struct SelectRange {
  const float* gradient;  ///< or null: nothing is accumulated
  float* residual;
  float* velocity;  ///< or null
  const float* weight;
  MaskWord* mask;
  std::size_t elements;
  float momentum;
  float threshold;
  float floor;
};

struct CpuKernels {
  /// Engine::select of one range; one entry of `statistics` per chunk of 4096 elements.
  void (*select)(const SelectRange& range, Statistics* statistics);
  /// Engine::pack of the elements of `words` mask words; returns how many. `velocity` may be null.
  std::size_t (*pack)(const MaskWord* mask, std::size_t words, float* residual, float* velocity,
                      float* packed);
  /// Engine::unpack of the elements of `words` mask words; returns how many.
  std::size_t (*unpack)(const MaskWord* mask, std::size_t words, const float* packed,
                        float* target);
  void (*unite)(MaskWord* mask, const MaskWord* other, std::size_t words);
  std::uint64_t (*count)(const MaskWord* mask, std::size_t words);
  /// accumulate_bare() of measure.hpp.
  void (*accumulate_bare)(const float* gradient, const float* weight, float* residual,
                          std::size_t elements);
};

/// Whether this machine runs avx2_kernels, and avx512_kernels.
bool avx2_supported();
bool avx512_supported();
extern const CpuKernels avx2_kernels;
extern const CpuKernels avx512_kernels;

}  // namespace ringsim::prune
