#pragma once
// What was measured: how long an operation of so many bytes takes on links of latency alpha and
// bandwidth beta, so that a table of its times says something of the links.
#include "base/error.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace ringsim {

/// An operation takes latencies * alpha + bytes / beta, alpha and beta being those of a message of
/// `message` bytes.
struct OperationCost {
  double message;    ///< bytes of each message, which decide the piece of a link's model
  double latencies;  ///< messages that follow one another
  double bytes;      ///< that pass the busiest link, one after the other
};

/// An operation on N ranks in a ring, S bytes as nccl-tests prints them in its column `size`:
///
///   message         alpha + S/beta                     one message between two ranks
///   sendrecv        alpha + S/beta                     every rank to the next one, at once
///   reduce_scatter  (N-1) (alpha + S/(N beta))         S: what each rank puts in
///   all_gather      (N-1) (alpha + S/(N beta))         S: what each rank gets
///   all_reduce      2(N-1) (alpha + S/(N beta))        reduce-scatter, then all-gather
///   broadcast       (N-1) alpha + S/beta               slices follow each other along the ring
///   reduce          (N-1) alpha + S/beta               the same the other way
///   alltoall        alpha + (N-1)/N S/beta             to every other rank, all at once
///   scatter, gather alpha + (N-1)/N S/beta             from one rank or to one, all at once
///
/// Sources: the ring algorithms' rounds and their bytes are those of Thakur, Rabenseifner and
/// Gropp, "Optimization of Collective Communication Operations in MPICH", 2005 (all-gather,
/// reduce-scatter) and Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms", 2009
/// (all-reduce); the terms in S/beta are those that nccl-tests derives its bus bandwidth from
/// (doc/PERFORMANCE.md), whose column `size` counts the larger of the bytes sent and received. For
/// broadcast and reduce the ring is a pipeline: S/beta once, and a latency for each hop. The last
/// three follow no ring: beta is the bandwidth of a rank's own link.
struct Operation {
  std::string_view name;
  OperationCost (*cost)(double ranks, double size);
  bool uses_ranks;  ///< whether the number of ranks matters
};

/// All operations, in the order above.
std::span<const Operation> operations();
/// Throws UserError at `place` for a name that is none.
const Operation& find_operation(std::string_view name, const Place& place);

}  // namespace ringsim
