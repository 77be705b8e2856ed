#pragma once
// An all-gather round the ring in which few ranks have something to send: parts are cut into
// pieces, which follow one another round the ring.
#include "sim/collectives/collective.hpp"

#include <span>
#include <vector>

namespace ringsim {

/// A message between neighbours of the ring takes latency + bytes/bandwidth.
struct HopSpeed {
  Seconds latency;
  BytesPerSecond bandwidth;
};

/// All-gather of unequal parts round the ring, where a part goes in k = ceil(bytes/piece) pieces
/// whose sizes differ by at most one byte. A rank sends its own pieces, then those of the rank
/// before it, then those of the one before that, ..., one a round, each as soon as it has it. So
/// all parts move at once, and each piece passes N-1 links. Rounds: N-1 + max(sum over S of k-1),
/// where S is any stretch of the ring of 1 to N-1 ranks (k = 0 where the part is empty). That is
/// N-2+k for one part, R*k + N-1-R for R neighbours' equal parts, and N-1 where no part is cut;
/// the rounds of make_ring_all_gather() then. At least two ranks, and a piece of at least a byte.
std::shared_ptr<const Collective> make_pipelined_all_gather(std::vector<Bytes> parts, Bytes piece);

/// The rounds of make_pipelined_all_gather(). 0 where all parts are empty.
std::uint32_t pipelined_rounds(std::span<const Bytes> parts, Bytes piece);

/// The size of a piece with which rounds * (latency + piece/bandwidth) is least (within 1 % where
/// parts differ), among the largest part's equal cuts into 1 to 1024. For one part of b bytes that
/// is close to sqrt(b*latency*bandwidth/(N-2)). Equal parts of all ranks are not cut.
Bytes best_piece(std::span<const Bytes> parts, const HopSpeed& hop);

/// What takes least: the pipelined all-gather with its best piece, or make_ring_all_gather() where
/// that cuts nothing.
std::shared_ptr<const Collective> make_fastest_all_gather(std::vector<Bytes> parts,
                                                          const HopSpeed& hop);

}  // namespace ringsim
