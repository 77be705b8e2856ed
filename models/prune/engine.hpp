#pragma once
// The pruning engine: one contract, several implementations. Masks, counts, statistics, residuals
// and packed values are the same bits on every engine and every number of threads.
//
// Arithmetic is IEEE binary32 without contraction to fused multiply-add, without flushing of
// denormals:
//   u[i] = momentum*u[i] + g[i]      (only with a velocity; without one u[i] is g[i])
//   r[i] = r[i] + u[i]
//   scale = |w[i]| > floor ? |w[i]| : floor        (so a NaN weight counts as the floor)
//   kept  = |r[i]| > threshold * scale             (so a NaN residual is not kept)
//   importance = |r[i]| / scale
// Statistics: importance and its square (the product of the widened importance with itself) as
// doubles, summed in 32 lanes (element mod 32) per chunk of 4096 elements of a layer, the lanes
// folded pairwise (lane i += lane i+16, then +8, +4, +2, +1), the chunks added in order.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim::prune {

using MaskWord = std::uint64_t;

/// Words that the bitmap of `parameters` elements takes. Bit i%64 of word i/64 stands for element
/// i; unused bits are 0.
constexpr std::size_t mask_words(std::size_t parameters) { return (parameters + 63) / 64; }

/// A layer to be pruned: a range of the flat buffers, and a range of whole words of the mask.
struct Segment {
  std::size_t offset = 0;       ///< first element
  std::size_t parameters = 0;   ///< elements
  std::size_t mask_offset = 0;  ///< first mask word
  float threshold = 0;          ///< T_l
  float floor = 0;              ///< smallest scale, above 0
};

/// What select() gathers per segment.
struct Statistics {
  std::uint64_t kept = 0;
  double importance_sum = 0;
  double importance_square_sum = 0;
};

/// Flat buffers of a whole model, host or device memory as the engine takes it.
struct SelectBuffers {
  std::span<const float> gradient;  ///< empty: nothing is accumulated, the residual is only tested
  std::span<float> residual;
  std::span<float> velocity;  ///< empty: without momentum correction
  std::span<const float> weight;
  std::span<MaskWord> mask;  ///< written whole for every segment
};

/// Engines keep scratch memory: one call at a time on each. Buffers do not overlap.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;

  /// One pass over every segment: accumulate, test, write the mask, gather statistics (one entry
  /// per segment).
  virtual void select(const SelectBuffers& buffers, float momentum,
                      std::span<const Segment> segments, std::span<Statistics> statistics) = 0;

  /// Moves residual[M] of all segments, in ascending order, into `packed` and clears residual[M]
  /// and velocity[M] (velocity may be empty). Returns the number of elements packed; `packed` has
  /// room for them.
  virtual std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                           std::span<float> residual, std::span<float> velocity,
                           std::span<float> packed) = 0;

  /// target[M] = packed, the inverse of pack(); elements off the mask are left alone.
  virtual void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                      std::span<const float> packed, std::span<float> target) = 0;
};

/// The plain reference that every other engine is compared with, bit for bit.
std::unique_ptr<Engine> make_scalar_engine();

/// mask |= other.
void unite(std::span<MaskWord> mask, std::span<const MaskWord> other);
/// Number of set bits.
std::uint64_t count(std::span<const MaskWord> mask);

}  // namespace ringsim::prune
