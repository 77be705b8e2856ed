#pragma once
#include <string_view>

namespace ringsim {

/// How a time is known.
enum class Basis {
  measured,      ///< on this GPU and of this implementation; or it was given
  calibrated,    ///< fitted to measured times of this network, of such calls
  extrapolated,  ///< measured elsewhere (another GPU or rank, other calls), and scaled
  modelled,      ///< from operations, bytes moved, latency and bandwidth
};
std::string_view name_of(Basis basis);

}  // namespace ringsim
