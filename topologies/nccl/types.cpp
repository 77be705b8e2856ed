#include "topologies/nccl/types.hpp"

#include <array>

namespace ringsim::nccl {

std::string_view name_of(Algorithm algorithm) {
  constexpr std::array<std::string_view, 4> names = {"ring", "tree", "direct", "nvls"};
  return names[static_cast<std::size_t>(algorithm)];
}
std::string_view name_of(Protocol protocol) {
  constexpr std::array<std::string_view, protocols> names = {"LL", "LL128", "Simple"};
  return names[static_cast<std::size_t>(protocol)];
}
std::string_view name_of(Fabric fabric) {
  constexpr std::array<std::string_view, 3> names = {"nvlink", "pci", "sockets"};
  return names[static_cast<std::size_t>(fabric)];
}

}  // namespace ringsim::nccl
