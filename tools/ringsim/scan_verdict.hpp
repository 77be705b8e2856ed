#pragma once
// What a scan says: which configuration is fastest in which case.
#include "tools/ringsim/scan_cases.hpp"
#include "tools/ringsim/verdict.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ringsim {

/// What is fastest is so by the time to the target accuracy where there is one, else per step.
/// `assumed_by` gives assumptions() of a point.
Verdict scan_verdict(
    const ScanRows& scan,
    const std::function<std::vector<std::string>(std::uint32_t point)>& assumed_by);

}  // namespace ringsim
