#pragma once
// Buffers and layers for differential tests of pruning engines.
#include "base/random.hpp"
#include "models/prune/engine.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace ringsim::prune::test {

using Floats = std::vector<float>;

/// NaN is NaN whatever its payload (which operand's payload survives is not IEEE's business);
/// everything else has to be the same bits, the sign of zero included.
template <class Float>
bool same(Float a, Float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return a == b && std::signbit(a) == std::signbit(b);
}

inline bool same(const Floats& a, const Floats& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same(a[i], b[i])) return false;
  return a.size() == b.size();
}

inline bool same(const Statistics& a, const Statistics& b) {
  return a.kept == b.kept && same(a.importance_sum, b.importance_sum) &&
         same(a.importance_square_sum, b.importance_square_sum);
}

enum class Values { normal, bit_patterns, ties };

/// A model's buffers, `shift` floats off the alignment of the allocation.
struct Buffers {
  Floats gradient, residual, velocity, weight;
  std::vector<MaskWord> mask;

  Buffers(std::size_t elements, std::size_t words, std::size_t shift)
      : gradient(elements + shift),
        residual(elements + shift),
        velocity(elements + shift),
        weight(elements + shift),
        mask(words, 0xdeadbeef) {}

  void fill(Values values, std::uint64_t seed) {
    Random random(seed, Purpose::initial_weights);
    for (Floats* buffer : {&gradient, &residual, &velocity, &weight})
      for (float& value : *buffer) value = draw(values, random);
  }

  static float draw(Values values, Random& random) {
    switch (values) {
      case Values::normal:
        return static_cast<float>(random.normal()) * 0.1F;
      case Values::bit_patterns:  // zeros, denormals, NaN, infinities, every magnitude
        switch (random.below(8)) {
          case 0:
            return random.below(2) == 0 ? 0.0F : -0.0F;
          case 1:
            return std::bit_cast<float>(random.next() & 0x807fffffU);
          case 2:
            return random.below(100) != 0 ? 1.0F : std::numeric_limits<float>::infinity();
          default: {
            const auto value = std::bit_cast<float>(random.next());
            return std::isnan(value) && random.below(100) != 0 ? 0.5F : value;
          }
        }
      case Values::ties:  // sums and products are exact and few: many |r| = T*scale
        return static_cast<float>(random.below(9)) - 4.0F;
    }
    return 0;
  }

  SelectBuffers spans(std::size_t shift, bool with_gradient, bool with_velocity) {
    const auto from = [&](Floats& buffer, bool wanted) {
      return wanted ? std::span(buffer).subspan(shift) : std::span<float>();
    };
    return {from(gradient, with_gradient), from(residual, true), from(velocity, with_velocity),
            from(weight, true), mask};
  }
};

/// Layers of these sizes, one behind the other, with thresholds that keep some of the elements.
inline std::vector<Segment> layers(const std::vector<std::size_t>& sizes, Values values) {
  std::vector<Segment> segments;
  std::size_t offset = 0, word = 0;
  for (const std::size_t size : sizes) {
    segments.push_back({.offset = offset,
                        .parameters = size,
                        .mask_offset = word,
                        .threshold = values == Values::ties ? 2.0F : 1.5F,
                        .floor = values == Values::normal ? 0.05F : 1.0F});
    offset += size;
    word += mask_words(size);
  }
  return segments;
}

}  // namespace ringsim::prune::test
