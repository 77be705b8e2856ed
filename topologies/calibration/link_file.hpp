#pragma once
// A topology file of links that were fitted.
#include "base/json.hpp"
#include "topologies/calibration/link_fit.hpp"

#include <cstdint>
#include <string>

namespace ringsim {

/// A ring of `hosts` hosts (at least 2) whose links are all like the model, as topologies/README.md
/// describes it: with several pieces the link's bandwidth is that of the fastest one, and "sizes"
/// has them all. Quantities have 6 significant digits.
Json ring_of(const LinkFit& fit, std::uint32_t hosts, const std::string& name,
             const std::string& description);

}  // namespace ringsim
