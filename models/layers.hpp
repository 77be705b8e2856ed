#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace ringsim {

/// One parameter tensor of a model. All tensors of a model lie one behind the other in a flat
/// buffer, in forward order.
struct Layer {
  std::string name;        ///< "fc1.weight"
  std::size_t offset = 0;  ///< in elements, into the flat buffer
  std::size_t parameters = 0;
  /// The first dimension of the tensor: a matrix of so many rows, which lie one behind the other. 1
  /// where it is no matrix.
  std::size_t rows = 1;
  bool reads_samples = false;  ///< its inputs are the samples, none of them 0 behind a ReLU
};

using Layers = std::vector<Layer>;

/// Parameters of all layers.
inline std::size_t total_parameters(const Layers& layers) {
  std::size_t total = 0;
  for (const auto& layer : layers) total += layer.parameters;
  return total;
}

}  // namespace ringsim
