#pragma once
// What a step sends and does where every rank sends all its values in few bits, in a message of
// constant size, and adds up what all have sent.
#include "models/schemes/scheme.hpp"

namespace ringsim {

/// Encode, all-gather of `message` from each rank, decode. Encoding moves `moved_per_value` bytes
/// for every value, besides the message that it writes.
inline SyntheticStep gathered_step(const Layers& layers, Rank ranks, const Payload& message,
                                   std::size_t moved_per_value) {
  const std::size_t n = total_parameters(layers);
  const auto work = [&](Bytes bytes) {
    LocalWork local;
    local.moved.assign(ranks, bytes);
    local.coded = local.moved;
    return local;
  };
  SyntheticStep step;
  step.stages = {{"encode", work(Bytes{moved_per_value * n} + message.total())},
                 {"values", AllGather{std::vector<Payload>(ranks, message)}},
                 // Reads all messages and writes the sum.
                 {"decode", work(ranks * message.total() + Bytes{4 * n})}};
  for (const auto& layer : layers) {
    step.layers.emplace_back();
    step.layers.back().kept = layer.parameters;
  }
  return step;
}

}  // namespace ringsim
