#pragma once
// The training loop: real networks on real data, real gradients through a real scheme. It knows no
// network times: where every step waits for its exchange, learning and timing part, and timing
// replays what was recorded here.
#include "base/parallel.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/learning/training_options.hpp"

#include <functional>

namespace ringsim {

struct TrainingMemory {
  Bytes residuals_and_momenta;  ///< of the scheme and of the optimizers
  Bytes gradients;              ///< of all ranks; of an exact scheme the mean alone
};
/// What train() will hold, beside the weights and the data.
TrainingMemory training_memory(const TrainingOptions& options, const Scheme& scheme);

/// Trains; calls `on_step` after every step, in order. A scheme with momentum correction goes with
/// the optimizer "sgd" alone: only that does the same to a sum of velocities as to their mean.
TrainingResult train(const TrainingOptions& options, Scheme& scheme, ThreadPool& threads,
                     const std::function<void(const TrainedStep&)>& on_step);

}  // namespace ringsim
