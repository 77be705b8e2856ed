#pragma once
// What a step sends and does where every rank sends all its values in few bits, in a message of
// constant size, and adds up what all have sent.
#include "models/schemes/scheme.hpp"

namespace ringsim {

/// What the stages count where `payloads` messages of all layers are decoded.
inline CostCounts quantized_counts(const Layers& layers, double payloads) {
  const auto tensors = static_cast<double>(layers.size());
  const auto elements = static_cast<double>(total_parameters(layers));
  return {.calls = 1,
          .tensors = tensors,
          .elements = elements,
          .received_tensors = payloads * tensors,
          .received_elements = payloads * elements};
}

/// Encode, all-gather of `message` from each rank, decode. Encoding moves `moved_per_value` bytes
/// for every value, besides the message that it writes.
inline SyntheticStep gathered_step(const Layers& layers, Rank ranks, const Payload& message,
                                   std::size_t moved_per_value) {
  const std::size_t n = total_parameters(layers);
  const auto work = [&](CostStage stage, Bytes bytes) {
    LocalWork local;
    local.moved.assign(ranks, bytes);
    local.stage = stage;
    local.counts = quantized_counts(layers, ranks);
    return local;
  };
  SyntheticStep step;
  step.stages = {{"encode", work(CostStage::encode, Bytes{moved_per_value * n} + message.total())},
                 {"values", AllGather{std::vector<Payload>(ranks, message)}},
                 // Reads all messages and writes the sum.
                 {"decode", work(CostStage::decode, ranks * message.total() + Bytes{4 * n})}};
  for (const auto& layer : layers) {
    step.layers.emplace_back();
    step.layers.back().kept = layer.parameters;
  }
  return step;
}

}  // namespace ringsim
