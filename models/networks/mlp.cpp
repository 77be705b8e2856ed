#include "models/networks/mlp.hpp"

#include "base/error.hpp"
#include "models/networks/sequence.hpp"

#include <fmt/format.h>

namespace ringsim {

std::unique_ptr<Network> make_mlp(const std::vector<std::size_t>& widths) {
  check(widths.size() >= 2, "mlp: needs an input and an output width");
  return make_sequence_network([widths] {
    Sequence network({.channels = widths.front()});
    for (std::size_t i = 1; i < widths.size(); ++i) {
      if (i > 1) network.relu();
      network.dense(fmt::format("fc{}", i), widths[i]);
    }
    return network;
  });
}

extern const NetworkDefinition mlp_network;
const NetworkDefinition mlp_network = {
    .name = "mlp",
    .description = "784-256-128-10, ReLU, on Fashion-MNIST",
    .make =
        [] {
          return make_mlp({784, 256, 128, 10});
        },
};

}  // namespace ringsim
