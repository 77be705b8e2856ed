#pragma once
// Data that a small network learns in a few steps.
#include "base/random.hpp"
#include "models/dataset.hpp"
#include "tests/pixels.hpp"

namespace ringsim::test {

/// Two classes of points round two centres: 400 to train and 400 to test with, of 6 numbers each.
inline Dataset two_classes() {
  Dataset data;
  Random random(5, Purpose::batch_order);
  for (auto* samples : {&data.train, &data.test}) {
    samples->input_size = 6;
    samples->input_of = inputs_of_pixels();
    for (std::size_t i = 0; i < 400; ++i) {
      const std::uint8_t label = i % 2;
      for (std::size_t d = 0; d < 6; ++d)
        samples->pixels.push_back(pixel_of(random.normal() + (label == 0 ? 1.0 : -1.0)));
      samples->labels.push_back(label);
    }
  }
  return data;
}

}  // namespace ringsim::test
