#pragma once
// Drawn inputs as pixels, as data sets have them.
#include "models/dataset.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace ringsim::test {

/// The pixel that stands for an input, in steps of 1/32 from -4 to just below 4.
inline std::uint8_t pixel_of(double input) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(input * 32) + 128, 0L, 255L));
}

/// Samples::input_of of such pixels.
inline std::array<float, 256> inputs_of_pixels() {
  std::array<float, 256> inputs{};
  for (std::size_t pixel = 0; pixel < inputs.size(); ++pixel)
    inputs[pixel] = (static_cast<float>(pixel) - 128) / 32;
  return inputs;
}

}  // namespace ringsim::test
