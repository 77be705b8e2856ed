#include "base/basis.hpp"

#include <cstddef>

namespace ringsim {

std::string_view name_of(Basis basis) {
  constexpr std::string_view names[] = {"measured", "calibrated", "extrapolated", "modelled"};
  return names[static_cast<std::size_t>(basis)];
}

}  // namespace ringsim
