#pragma once
#include "models/networks/block.hpp"

namespace ringsim {

/// y = W x + b. Parameters NAME.weight [outputs, inputs] row-major, NAME.bias [outputs].
std::unique_ptr<Block> make_dense(const std::string& name, ActivationShape input,
                                  std::size_t outputs);

}  // namespace ringsim
