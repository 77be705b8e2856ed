#pragma once
// The rival of the in-process trainer: a loop that trains the same network on the same samples with
// Eigen alone, in one process and one thread, without ranks, schemes, records or simulated time.
#include "models/dataset.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringsim::bench {

struct PlainTrainingOptions {
  std::size_t pieces = 1;  ///< of the batch of a step, whose gradients are averaged
  std::size_t batch = 32;  ///< samples of a piece
  std::uint64_t steps = 1;
  std::uint64_t seed = 1;
  double learning_rate = 0.05, momentum = 0.9;
};

/// Trains the multi-layer perceptron 784-256-128-10 from `weights` (laid out as the network "mlp"
/// lays them out) with momentum and a cosine schedule. Returns the share of the test set that it
/// gets right after the last step.
double train_plainly(const Dataset& data, std::span<const float> weights,
                     const PlainTrainingOptions& options);

}  // namespace ringsim::bench
