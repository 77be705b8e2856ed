#pragma once
// What the ranks do, lazily generated, as CUDA users know it: every rank has streams (one for
// compute, one per communicator), each a sequence of phases. A collective call expands, round by
// round, into `post send`, `post receive` and `wait`; transfers are rendezvous: one starts when
// both sides have posted and takes latency + bytes/bandwidth.
#include "base/rank.hpp"
#include "base/units.hpp"
#include "sim/collectives/collective.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

namespace ringsim {

using StreamId = std::uint32_t;
using EventId = std::uint64_t;

enum class DelayKind : std::uint8_t { compute, prune };

/// The rank's host computes what takes a host of speed 1 so long.
struct Delay {
  Seconds duration;
  DelayKind kind = DelayKind::compute;
  std::uint64_t step = 0;
};

/// The rank's part in a collective; all ranks call the same collectives in the same order on the
/// same stream.
struct CollectiveCall {
  std::shared_ptr<const Collective> collective;
  std::uint64_t step = 0;
  std::string_view phase;  ///< for transfers.csv; outlives the run
  std::uint32_t bucket = 0;
};

/// Marks an event as happened (once per event and rank); see WaitEvent.
struct Record {
  EventId event = 0;
};
/// Waits until another stream of the same rank has recorded the event.
struct WaitEvent {
  EventId event = 0;
};

enum class MarkKind : std::uint8_t {
  gradient_ready,  ///< the rank has computed its gradient
  exchange_done,   ///< the rank holds the result of the step's last exchange, and has applied it
};

/// Reported to the observer, in order of simulated time.
struct Mark {
  MarkKind kind;
  std::uint64_t step = 0;
  std::uint32_t bucket = 0;
};

using Phase = std::variant<Delay, CollectiveCall, Record, WaitEvent, Mark>;

/// The next phase of one stream of one rank, or nothing at its end. Called when the previous phase
/// has ended in simulated time, so it may depend on what happened before.
using PhaseSource = std::function<std::optional<Phase>()>;

struct Program {
  Rank ranks = 0;
  StreamId streams_per_rank = 1;
  std::function<PhaseSource(Rank, StreamId)> open;
};

}  // namespace ringsim
