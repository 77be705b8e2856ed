#pragma once
// What the ranks do, lazily generated, as CUDA users know it: every rank has streams (one for
// compute, one per communicator), each a sequence of phases. A collective call expands, round by
// round, into `post send`, `post receive` and `wait`; transfers are rendezvous: one starts when
// both sides have posted and takes latency + bytes/bandwidth.
#include "base/phase_name.hpp"
#include "base/rank.hpp"
#include "base/units.hpp"
#include "sim/backend/group.hpp"
#include "sim/collectives/collective.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace ringsim {

using StreamId = std::uint32_t;
using EventId = std::uint64_t;

enum class DelayKind : std::uint8_t { compute, compress };

/// The rank's host computes what takes a host of speed 1 so long.
struct Delay {
  Seconds duration;
  DelayKind kind = DelayKind::compute;
  std::uint64_t step = 0;
  PhaseName phase = {};  ///< what is pruned for: "select", "pack", ...; empty: it computes
};

/// The rank's part in a collective; all ranks call the same collectives in the same order on the
/// same stream.
struct CollectiveCall {
  std::shared_ptr<const Collective> collective;
  std::uint64_t step = 0;
  PhaseName phase;  ///< for transfers.csv
  std::uint32_t bucket = 0;
  std::shared_ptr<const Group> group = nullptr;  ///< who takes part; absent: ranks 0, 1, ...

  /// Which rank of the collective `rank` plays; nothing where it takes no part.
  std::optional<Rank> position(Rank rank) const {
    const auto played = group ? group->position(rank) : std::optional(rank);
    return played && *played < collective->ranks() ? played : std::nullopt;
  }
  /// What `rank`, which plays `position`, does in a round; its peers are ranks of the program.
  void round(Rank position, std::uint32_t index, Round& round) const {
    collective->round(position, index, round);
    if (!group) return;
    for (auto& send : round.sends) send.peer = group->member(send.peer);
    for (auto& receive : round.receives) receive.peer = group->member(receive.peer);
  }
};

/// Marks an event as happened (once per event and rank, or once for all ranks); see WaitEvent.
struct Record {
  EventId event = 0;
  bool on_all_ranks = false;  ///< costs no time: what a barrier without messages is made of
};
/// Waits until another stream of the same rank, or one of any rank for all, has recorded the event.
struct WaitEvent {
  EventId event = 0;
};

enum class MarkKind : std::uint8_t {
  gradient_ready,   ///< the rank has computed its gradient, or that of a bucket
  exchange_done,    ///< the rank holds the result of a bucket's last exchange, and has applied it
  step_begins,      ///< the rank reads the weights that it computes its gradient with
  exchange_begins,  ///< the rank takes part in the step's exchange from now on
};

/// Reported to the observer, in order of simulated time.
struct Mark {
  MarkKind kind;
  std::uint64_t step = 0;
  std::uint32_t bucket = 0;
};

using Phase = std::variant<Delay, CollectiveCall, Record, WaitEvent, Mark>;

struct Program;
struct BackendResult;
/// Which program is run next, where there is one, when `result` has come of the one before; it has
/// to outlive the run.
using NextPart = std::function<const Program*(const BackendResult& result)>;

/// The next phase of one stream of one rank, or nothing at its end. Called when the previous phase
/// has ended in simulated time, so it may depend on what happened before.
using PhaseSource = std::function<std::optional<Phase>()>;

struct Program {
  Rank ranks = 0;
  StreamId streams_per_rank = 1;
  std::function<PhaseSource(Rank, StreamId)> open;
  /// Streams of a rank that make collective calls. Absent: found out by opening the streams of rank
  /// 0 once more and asking them for phases, which must then not depend on what happens.
  std::optional<StreamId> communicating_streams = {};

  /// What is done when hosts have died: `detection` after the death of one, all that the living
  /// ranks do is aborted, recover() is called with the ranks that have died since the last time,
  /// and `open` for all streams of the others. Absent: who waits for a dead rank waits for ever.
  std::function<void(const std::vector<Rank>& dead, Seconds now)> recover = {};
  Seconds detection = {};

  /// When the streams of each rank open; empty: all at 0. Nobody dies before.
  std::vector<Seconds> begin = {};
  /// Has programs of as many ranks and streams run one after the other, each as if it were alone:
  /// from time 0 on, on a network on which nothing is under way. Their own `next_part` is not
  /// looked at. Absent: the program is all that there is.
  NextPart next_part = {};
};

}  // namespace ringsim
