#pragma once
// A program of rings that all ranks go through in the same order, read to its end, so that many
// topologies can go through it side by side.
#include "sim/backend/backend.hpp"
#include "sim/recurrence/lane_kernels.hpp"
#include "sim/recurrence/pipelined_ring.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace ringsim {

/// Rounds in which every rank sends (Collective::ring_parts).
struct WholeRing {
  std::size_t rounds;
  std::vector<double> parts;                ///< B
  std::vector<double> kinds;                ///< B, the sizes that there are
  std::vector<std::uint32_t> kind_of_part;  ///< twice the parts after one another
  std::vector<Bytes> sent;                  ///< per rank, in all rounds
};

/// Rounds in which some ranks send (Collective::ring_runs).
struct PiecedRing {
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  /// The messages of a rank's round, by index; at least one of them. Both `none`: no round.
  struct Event {
    std::uint32_t sent = none, received = none;
  };
  /// Where a message's sides stood when they posted it: their rounds before.
  struct Before {
    Event sender, receiver;
  };
  struct Cost {
    Rank sender;
    double bytes;
  };
  std::vector<lane_kernels::PiecedMessage> messages;  ///< in order of rounds
  std::vector<std::uint32_t> round_end;               ///< index of the message after each round's
  std::vector<Cost> costs;
  std::vector<Before> before;  ///< per message
  std::vector<Event> last;     ///< per rank
  std::vector<Bytes> sent;     ///< per rank
  std::uint32_t most_in_round = 0;
};

/// Calls of rings, and what ranks do by themselves between them.
struct LaneProgram {
  struct Call {
    CollectiveCall what;
    std::variant<WholeRing, PiecedRing> ring;
  };
  /// A delay on the rank's host takes as long as it says, on every topology.
  using Local = std::variant<Delay, Mark>;

  Rank ranks = 0;
  std::vector<Route> routes;  ///< from each rank to the next one
  std::vector<Call> calls;
  /// What a rank does before each call and after the last one: [call * ranks + rank].
  std::vector<std::vector<Local>> local;

  /// Nothing where the program has anything else than what stands here, where its times could
  /// depend on contention or change over time, or where the recurrence computes them otherwise.
  static std::optional<LaneProgram> read(const Topology& topology, const Program& program);
};

}  // namespace ringsim
