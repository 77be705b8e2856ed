#pragma once
#include "models/networks/network.hpp"

#include <memory>
#include <vector>

namespace ringsim {

/// A multi-layer perceptron: dense layers of these widths (input first, classes last), ReLU between
/// them, softmax and cross-entropy at the end. Layers "fc1.weight" [out, in] row-major, "fc1.bias"
/// [out], "fc2.weight", ...
std::unique_ptr<Network> make_mlp(const std::vector<std::size_t>& widths);

}  // namespace ringsim
