#pragma once
#include "models/networks/block.hpp"

namespace ringsim {

/// The largest of each `side` x `side` square (the first of equals); squares do not overlap, and
/// rows and columns that are left over at the end are dropped.
std::unique_ptr<Block> make_max_pool(ActivationShape input, std::size_t side);

}  // namespace ringsim
