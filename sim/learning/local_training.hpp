#pragma once
// Local SGD (McMahan et al., arXiv 1602.05629; Stich, arXiv 1805.09767): every rank trains a copy
// of the weights of its own, and every H steps the ranks exchange, through a scheme, how far their
// copies have moved. All take the mean of it off the weights that they last had in common; what a
// scheme does not send stays in the rank's residual and goes with a later exchange.
#include "base/parallel.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/learning/training_options.hpp"

#include <cstdint>
#include <functional>

namespace ringsim {

/// What train_locally() holds beside training_memory(): a copy of the weights and the optimizer's
/// state for each rank.
Bytes local_memory(const TrainingOptions& options);

/// As train(). A step exchanges where it is the last of `every` steps, or the last of all; the
/// others have no stages and keep nothing. The optimizer's momentum is that of each rank's own
/// steps, so the scheme must have none. The accuracy is that of the mean of the ranks' weights.
/// Error and cosine compare with the mean of the differences. The scheme's steps are exchanges.
/// With a rank that dies goes how far its copy had moved since the last exchange.
TrainingResult train_locally(const TrainingOptions& options, std::uint64_t every, Scheme& scheme,
                             ThreadPool& threads,
                             const std::function<void(const TrainedStep&)>& on_step);

}  // namespace ringsim
