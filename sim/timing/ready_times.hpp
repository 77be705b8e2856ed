#pragma once
// When a rank's gradients are ready in a step, layer by layer.
#include "base/units.hpp"
#include "models/buckets.hpp"
#include "models/layers.hpp"

#include <vector>

namespace ringsim {

/// The computing of one step, on a host of speed 1.
struct ReadyTimes {
  Seconds step;                ///< forward and backward pass
  std::vector<Seconds> layer;  ///< when each layer's gradient is ready, in forward order
};

/// A step of `time` spends it in proportion to operations: the forward pass from the first layer to
/// the last, then the backward pass from the last to the first (models/specs/model_spec.hpp). Where
/// no layer has operations, they are taken to be in proportion to the parameters.
ReadyTimes ready_by_operations(const Layers& layers, std::vector<double> forward_flop,
                               Seconds time);

/// The order in which gradients become ready; of equal times, the last layer first.
std::vector<std::size_t> order_of_readiness(const ReadyTimes& times);

/// When all layers of each bucket are ready, or those of a bucket before it, if they are later:
/// buckets are exchanged in order. A bucket whose timer closed it goes when that ran out.
std::vector<Seconds> bucket_ready_times(const ReadyTimes& times,
                                        const std::vector<Bucket>& buckets);

}  // namespace ringsim
