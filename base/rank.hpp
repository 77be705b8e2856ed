#pragma once
#include <cstdint>

namespace ringsim {

/// The number of a GPU among those that train together, 0 .. ranks-1. Host i of a topology runs
/// rank i.
using Rank = std::uint32_t;

}  // namespace ringsim
