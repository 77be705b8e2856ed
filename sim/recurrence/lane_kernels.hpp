#pragma once
// The inner loops of rings side by side: a lane has a ring of its own, with its bandwidths and
// latencies, and all go through the same rounds. One version for each instruction set; all give the
// same numbers.
#include "base/rank.hpp"
#include "sim/recurrence/ring_kernels.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim::lane_kernels {

using ring_kernels::Lanes;
using ring_kernels::lanes;

/// Rounds in which every rank sends.
struct WholeRounds {
  std::size_t ranks, rounds;
  /// How long a message takes: [kind of message * ranks + rank].
  const Lanes* duration;
  /// The kind of each part, twice the parts after one another.
  const std::uint32_t* kind_of_part;
};

/// Takes the starts `s[rank]` of the messages of round 0 to those of round `rounds`, where rank i
/// sends part (i-j) mod N in round j: s'[i] = max(e[i-1], e[i], e[i+1]), e = s + duration. Those of
/// rounds 0 to `rounds`-1 are left in `history[round * ranks + rank]`, unless that is null.
using AdvanceWhole = void (*)(const WholeRounds& rounds, Lanes* s, Lanes* history);

/// A message of pipelined rounds.
struct PiecedMessage {
  Rank sender, receiver;
  std::uint32_t cost;  ///< index of its transfer
};
struct PiecedRounds {
  std::span<const PiecedMessage> messages;   ///< in order of rounds
  std::span<const std::uint32_t> round_end;  ///< index of the message after each round's
  const Lanes* latency;                      ///< s, per sender
  const Lanes* transfer;                     ///< s, per cost
};
/// What pipelined rounds change.
struct PiecedTimes {
  Lanes* time;         ///< s, per rank: when it comes to its next round
  Lanes* busy;         ///< s, per sender: added to, while its messages flow
  Lanes* first_start;  ///< s: the earliest of that and of the messages' starts
  Lanes* posted;       ///< null, or [2 * message]: when its sender posted it, and then its receiver
  Lanes* arrived;      ///< scratch, one per message of a round
};
using AdvancePieces = void (*)(const PiecedRounds& rounds, const PiecedTimes& times);

struct Kernels {
  AdvanceWhole whole;
  AdvancePieces pieces;
};

/// Those that this processor can run, the fastest first.
std::vector<Kernels> available();

}  // namespace ringsim::lane_kernels
