#pragma once
// Up to which bandwidth of the links a run is faster than the same run with dense gradients.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "traces/records/summary.hpp"

namespace ringsim {

/// How many times faster or slower than they are links are tried.
inline constexpr double most_times_as_fast = 1000;

/// The steps are replayed with all links alike so many times as fast, until a mean step takes as
/// long as a dense one (as find_headroom() has it): the nearest such bandwidth that bisection
/// finds, to 1e-4. Of recordings of more than 256 steps that differ, four parts of 64 are replayed.
/// What NCCL chooses stays what it chooses here.
///
/// Absent where they do not meet within `most_times_as_fast`; all of it, where find_headroom() is.
EqualAtBandwidth find_equal_bandwidth(const Experiment& experiment, const Recording& recording);

}  // namespace ringsim
