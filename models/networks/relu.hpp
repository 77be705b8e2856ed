#pragma once
#include "models/networks/block.hpp"

namespace ringsim {

/// max(x, 0); its derivative at 0 counts as 0.
std::unique_ptr<Block> make_relu(ActivationShape input);

}  // namespace ringsim
