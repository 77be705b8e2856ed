#pragma once
// What may be said of the host that a rank runs on.
#include "base/units.hpp"
#include "topologies/link.hpp"

#include <optional>
#include <vector>

namespace ringsim {

struct Host {
  double speed = 1;  ///< computing takes 1/speed of the time that it takes on a host of speed 1
  std::optional<double> jitter;  ///< spread of the computing time, as --jitter; absent: --jitter's
  /// The speed from a time on (a host that straggles, and may recover); above zero.
  std::vector<Change<double>> speed_changes;
  /// How fast the host adds up what it has received, in bytes received; absent: in no time.
  std::optional<BytesPerSecond> reduce_rate;
  std::optional<Seconds> dies;  ///< when it stops for good
};

/// When computing ends that starts at `start` and takes `work` on a host of speed 1.
Seconds compute_end(const Host& host, Seconds start, Seconds work);

/// How long that takes: exactly work/speed where the speed does not change.
Seconds compute_time(const Host& host, Seconds start, Seconds work);

/// How long the host takes to add `received` bytes to its own.
Seconds reduce_time(const Host& host, Bytes received);

}  // namespace ringsim
