// The plain reference engine: the contract of engine.hpp, one element after the other.
#include "models/prune/bits.hpp"
#include "models/prune/engine.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ringsim::prune {
namespace {

constexpr std::size_t chunk_size = 4096, lanes = 32;

using Lanes = std::array<double, lanes>;

double fold(Lanes& sums) {
  for (std::size_t width = lanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

class ScalarEngine final : public Engine {
 public:
  std::string_view name() const override { return "scalar"; }

  void select(const SelectBuffers& buffers, float momentum, std::span<const Segment> segments,
              std::span<Statistics> statistics) override {
    for (std::size_t s = 0; s < segments.size(); ++s) {
      statistics[s] = select_segment(buffers, momentum, segments[s]);
    }
  }

  std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                   std::span<float> residual, std::span<float> velocity,
                   std::span<float> packed) override {
    std::size_t next = 0;
    for (const auto& segment : segments) {
      for_each_bit(words_of(mask, segment), [&](std::size_t i) {
        packed[next++] = residual[segment.offset + i];
        residual[segment.offset + i] = 0;
        if (!velocity.empty()) velocity[segment.offset + i] = 0;
      });
    }
    return next;
  }

  void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
              std::span<const float> packed, std::span<float> target) override {
    std::size_t next = 0;
    for (const auto& segment : segments) {
      for_each_bit(words_of(mask, segment),
                   [&](std::size_t i) { target[segment.offset + i] = packed[next++]; });
    }
  }

 private:
  static std::span<const MaskWord> words_of(std::span<const MaskWord> mask,
                                            const Segment& segment) {
    return mask.subspan(segment.mask_offset, mask_words(segment.parameters));
  }

  static Statistics select_segment(const SelectBuffers& buffers, float momentum,
                                   const Segment& segment) {
    const auto words = buffers.mask.subspan(segment.mask_offset, mask_words(segment.parameters));
    std::fill(words.begin(), words.end(), 0);
    Statistics result;
    for (std::size_t begin = 0; begin < segment.parameters; begin += chunk_size) {
      const std::size_t end = std::min(begin + chunk_size, segment.parameters);
      Lanes sums{}, square_sums{};
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t at = segment.offset + i;
        const float residual = accumulate(buffers, momentum, at);
        const float magnitude = std::fabs(buffers.weight[at]);
        const float scale = magnitude > segment.floor ? magnitude : segment.floor;
        if (std::fabs(residual) > segment.threshold * scale) {
          words[i / 64] |= MaskWord{1} << (i % 64);
          ++result.kept;
        }
        const double importance = std::fabs(residual) / scale;
        sums[i % lanes] += importance;
        square_sums[i % lanes] += importance * importance;
      }
      result.importance_sum += fold(sums);
      result.importance_square_sum += fold(square_sums);
    }
    return result;
  }

  static float accumulate(const SelectBuffers& buffers, float momentum, std::size_t at) {
    if (buffers.gradient.empty()) return buffers.residual[at];
    float term = buffers.gradient[at];
    if (!buffers.velocity.empty())
      term = buffers.velocity[at] = momentum * buffers.velocity[at] + term;
    return buffers.residual[at] += term;
  }
};

}  // namespace

std::unique_ptr<Engine> make_scalar_engine() { return std::make_unique<ScalarEngine>(); }

}  // namespace ringsim::prune
