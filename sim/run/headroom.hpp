#pragma once
// How much longer compressing may take until the same run with dense gradients is as fast.
#include "sim/run/experiment.hpp"
#include "sim/run/recording.hpp"
#include "traces/records/summary.hpp"

namespace ringsim {

/// `step`: the mean of the run's steps. Against dense gradients in fp32, and in bf16 with their
/// casts, exchanged at the same steps on the same network, in the same buckets. Where a step is
/// longer than a dense one this is the difference, below 0. Without overlap it is the difference in
/// any case: what each rank spends more before an exchange makes the step so much longer. Else
/// steps are replayed with more time for compressing, a bucket's share of it in proportion to its
/// parameters, until they take as long.
///
/// Both are absent where nothing is compressed, times feed back into training, hosts die, steps are
/// too many to be kept (draws_while_timing()), or no backend but SimGrid runs the exchange.
HeadroomSeconds find_headroom(const Experiment& experiment, const Recording& recording,
                              Seconds step);

}  // namespace ringsim
