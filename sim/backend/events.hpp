#pragma once
// What a backend reports while it runs a program, and whom it reports to.
#include "sim/backend/program.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace ringsim {

struct MarkEvent {
  Rank rank;
  Mark mark;
  Seconds time;
};

/// A Delay, once it is over.
struct DelayEvent {
  Rank rank;
  DelayKind kind;
  std::uint64_t step;
  Seconds start, duration;
  PhaseName phase = {};  ///< of the Delay
};

/// One message, once it has arrived. From `start` (both sides have posted) latency passes, then
/// bytes flow.
struct TransferEvent {
  std::uint64_t step;
  PhaseName phase;
  std::uint32_t bucket, round;
  Rank source, target;
  Bytes bytes;
  Seconds start, end;
  Seconds latency = {};  ///< before its bytes flow
};

/// One collective call, once all ranks have done their part.
struct CollectiveEvent {
  std::uint64_t step;
  PhaseName phase;
  std::uint32_t bucket;
  /// When both sides of its first message had posted, and when its last one arrived; absent where
  /// it sent none.
  std::optional<Seconds> start, end;
};

/// Called in order of simulated time; an empty function is not called. Of equal times, delays, then
/// transfers, then collectives, then marks, in order of rank. A stream goes on after a mark when it
/// has been reported.
struct Observer {
  std::function<void(const MarkEvent&)> on_mark = {};
  /// Costs much time and memory where there are many ranks; on_collective often does.
  std::function<void(const TransferEvent&)> on_transfer = {};
  std::function<void(const CollectiveEvent&)> on_collective = {};
  std::function<void(const DelayEvent&)> on_delay = {};
  bool wants_critical_path = false;
};

}  // namespace ringsim
