#pragma once
#include <cstdint>
#include <string>

namespace ringsim {

/// A layer of the model that a measurement is for.
struct MeasuredLayer {
  std::string name;
  std::uint64_t parameters;
};

}  // namespace ringsim
