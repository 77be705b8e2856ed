#include "models/networks/sequence.hpp"

namespace ringsim {
namespace {

// 206,970 parameters: about as many as the multi-layer perceptron, and with convolutions and
// normalisation between them.
Sequence cnn_bn() {
  Sequence network({.channels = 1, .height = 28, .width = 28});
  const auto stage = [&](const std::string& number, std::size_t channels) {
    network
        .convolution("conv" + number,
                     {.channels = channels, .kernel = 3, .padding = 1, .bias = false})
        .batch_norm("bn" + number)
        .relu()
        .max_pool(2);
  };
  stage("1", 16);
  stage("2", 32);
  network.dense("fc1", 128).relu().dense("fc2", 10);
  return network;
}

}  // namespace

extern const NetworkDefinition cnn_bn_network;
const NetworkDefinition cnn_bn_network = {
    .name = "cnn-bn",
    .description = "two 3x3 convolutions with batch normalisation, 128-10, on Fashion-MNIST",
    .make = [] { return make_sequence_network(cnn_bn); },
};

}  // namespace ringsim
