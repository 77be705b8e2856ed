#pragma once
// One recording on many networks at once.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "traces/records.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace ringsim {

/// The links of a network whose links are all alike (make_uniform()).
struct AllLinks {
  BytesPerSecond bandwidth;
  Seconds latency;
};

/// Times a recording on networks that are the experiment's with other links, where that is uniform:
/// what time_recording() gives on each, bit for bit, for less. Calls `take(i, summary)` for those
/// networks that could be timed so, with the backend that runs first; the others have to be run
/// alone.
void time_side_by_side(const Experiment& experiment, const Recording& recording,
                       std::span<const AllLinks> networks,
                       const std::function<void(std::size_t, Summary)>& take);

}  // namespace ringsim
