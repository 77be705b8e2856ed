#pragma once
// One direction of a cable, and what may be said of it beyond bandwidth and latency.
#include "base/units.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ringsim {

/// Index into Topology::links().
using LinkId = std::uint32_t;

/// From `at` on, until the next change, `value` holds. A list of them is in increasing order of
/// `at`.
template <class Value>
struct Change {
  Seconds at;
  Value value;
};

/// Messages of at least `from` bytes (and less than the next piece's) have this latency, and pass
/// at this bandwidth where they are alone.
struct SizePiece {
  Bytes from;
  Seconds latency;
  BytesPerSecond bandwidth;  ///< at most the link's
};

/// Nothing passes from `from` until `until`.
struct Outage {
  Seconds from, until;
};

/// What few links have. All bandwidths are of payload: the link's efficiency is applied.
struct LinkExtras {
  double efficiency = 1;          ///< payload over the bandwidth that the file names
  std::vector<SizePiece> pieces;  ///< in increasing order of `from`
  /// What is left for messages after background traffic; above zero. Before the first change it is
  /// the link's bandwidth.
  std::vector<Change<BytesPerSecond>> profile;
  std::vector<Outage> outages;  ///< in order, apart from each other
};

/// One direction of a cable: transfers that use it share its bandwidth equally.
struct Link {
  std::string name;
  BytesPerSecond bandwidth;  ///< of payload: the file's times the efficiency
  Seconds latency;
  std::shared_ptr<const LinkExtras> extras = nullptr;  ///< absent: a plain link
};

/// Latency and bandwidth of a message of this size that has the link for itself, at the link's own
/// bandwidth (the profile apart).
struct MessageSpeed {
  Seconds latency;
  BytesPerSecond bandwidth;
};
MessageSpeed speed_of(const Link& link, Bytes message);

/// The bandwidth that is left for messages over time, 0 during outages; the first change is at 0 s.
std::vector<Change<BytesPerSecond>> capacity_over_time(const Link& link);

/// How many bytes the link could have carried until `end`: the integral of capacity_over_time().
double capacity_until(const Link& link, Seconds end);

}  // namespace ringsim
