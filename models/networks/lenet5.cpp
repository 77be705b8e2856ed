#include "models/networks/sequence.hpp"

namespace ringsim {
namespace {

// LeCun et al., "Gradient-based learning applied to document recognition" (Proc. IEEE 1998), as it
// is usually built today: ReLU in place of a scaled tanh, max pooling in place of trained
// subsampling, the second convolution sees all channels, softmax in place of radial basis
// functions. 61,706 parameters.
Sequence lenet5() {
  Sequence network({.channels = 1, .height = 28, .width = 28});
  network.convolution("conv1", {.channels = 6, .kernel = 5, .padding = 2}).relu().max_pool(2);
  network.convolution("conv2", {.channels = 16, .kernel = 5}).relu().max_pool(2);
  network.dense("fc1", 120).relu().dense("fc2", 84).relu().dense("fc3", 10);
  return network;
}

}  // namespace

extern const NetworkDefinition lenet5_network;
const NetworkDefinition lenet5_network = {
    .name = "lenet5",
    .description = "LeNet-5: two convolutions, 120-84-10, ReLU, on Fashion-MNIST",
    .make = [] { return make_sequence_network(lenet5); },
};

}  // namespace ringsim
