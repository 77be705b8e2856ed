#pragma once
// How long a call of a collective takes, as a sum of parameters: the form that measured times are
// fitted with.
#include "topologies/nccl/model.hpp"

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim::cluster {

using namespace nccl;  // what is fitted is its model

/// Parameter and coefficient: the call's time is the sum of their products.
using Terms = std::vector<std::pair<std::size_t, double>>;

/// With S bytes, N ranks, H hops (2(N-1) of an all-reduce, N-1 of others):
///
/// - ring inside: call + H (hop + S/N byte) + S/N fill. The bytes of LL count as its channels come
///   in (ll_bytes).
/// - tree inside, a chain: call + H hop + (H + (k-1) m) S/k byte, in k pieces (chain_pieces);
///   m = 1 with 2 ranks, else 2, as a rank in the middle passes on both ways.
/// - broadcast, reduce: call + N/2 hop + (S + (N-2) piece) byte.
/// - sockets: no call; a process sends and receives at one rate together, so that the ends of a
///   broadcast of 2 ranks are faster; a hop takes `rise` more as its message grows from 16 KiB to
///   256 KiB.
/// - ring over n nodes: call + hops inside (of LL with a line of each channel in use) + hops
///   between (2(n-1) or n-1), H S/N byte, over all rails. A tree of L = log2(n) levels between
///   nodes: call + chain inside + 2 L hops between + (2L + (k-1) m) S/k byte.
/// - alltoall, scatter, gather, sendrecv: call + what a rank sends or receives.
Terms terms_of(std::string_view operation, double bytes, const Arrangement& arrangement,
               const Choice& choice, const Machine& machine);

}  // namespace ringsim::cluster
