#include "base/error.hpp"
#include "models/prune/engine.hpp"
#include "models/prune/set_bits.hpp"
#include "models/prune/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim::prune {

namespace {

Statistics select_chunk(const SelectBuffers& buffers, float momentum, const Segment& segment,
                        std::size_t first, std::size_t last) {
  Statistics chunk;
  Lanes sums{}, squares{};
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t at = segment.offset + i;
    if (!buffers.gradient.empty()) {
      float u = buffers.gradient[at];
      if (!buffers.velocity.empty()) {
        u = momentum * buffers.velocity[at] + u;
        buffers.velocity[at] = u;
      }
      buffers.residual[at] += u;
    }
    const float r = std::fabs(buffers.residual[at]);
    const float w = std::fabs(buffers.weight[at]);
    const float scale = w > segment.floor ? w : segment.floor;
    if (r > segment.threshold * scale) {
      buffers.mask[segment.mask_offset + i / 64] |= MaskWord{1} << (i % 64);
      ++chunk.kept;
    }
    const double importance = r / scale;
    sums[i % statistics_lanes] += importance;
    squares[i % statistics_lanes] += importance * importance;
  }
  chunk.importance_sum = fold(sums);
  chunk.importance_square_sum = fold(squares);
  return chunk;
}

class ScalarEngine final : public Engine {
 public:
  std::string_view name() const override { return "scalar"; }

  void select(const SelectBuffers& buffers, float momentum, std::span<const Segment> segments,
              std::span<Statistics> statistics) override {
    check(statistics.size() == segments.size(), "select gathers statistics for every segment");
    for (std::size_t s = 0; s < segments.size(); ++s) {
      const Segment& segment = segments[s];
      std::ranges::fill(buffers.mask.subspan(segment.mask_offset, mask_words(segment.parameters)),
                        0);
      statistics[s] = {};
      for (std::size_t first = 0; first < segment.parameters; first += statistics_chunk) {
        const std::size_t last = std::min(first + statistics_chunk, segment.parameters);
        add_chunk(statistics[s], select_chunk(buffers, momentum, segment, first, last));
      }
    }
  }

  std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                   std::span<float> residual, std::span<float> velocity,
                   std::span<float> packed) override {
    std::size_t used = 0;
    for (const Segment& segment : segments) {
      const auto words = mask.subspan(segment.mask_offset, mask_words(segment.parameters));
      for_each_set_bit(words, [&](std::size_t i) {
        float& r = residual[segment.offset + i];
        packed[used++] = r;
        r = 0;
        if (!velocity.empty()) velocity[segment.offset + i] = 0;
      });
    }
    return used;
  }

  void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
              std::span<const float> packed, std::span<float> target) override {
    std::size_t used = 0;
    for (const Segment& segment : segments) {
      const auto words = mask.subspan(segment.mask_offset, mask_words(segment.parameters));
      for_each_set_bit(words, [&](std::size_t i) { target[segment.offset + i] = packed[used++]; });
    }
  }
};

}  // namespace

std::unique_ptr<Engine> make_scalar_engine() { return std::make_unique<ScalarEngine>(); }

}  // namespace ringsim::prune
