#pragma once
// How long a call of a collective takes, as a sum of parameters: the form that measured times are
// fitted with.
#include "topologies/calibration/cluster/nccl_choice.hpp"

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace ringsim::cluster {

/// What is fitted of each protocol; seconds, and seconds per byte. "Inside" is a node's fabric,
/// "between" the network.
enum class Part {
  call,               ///< every call, whatever its size and the ranks
  hop,                ///< each hop of a ring inside
  byte,               ///< each byte that a ring passes on inside
  fill,               ///< once more for each byte of a chunk: the pipeline fills
  tree_hop,           ///< each hop of a tree inside, which is a chain
  tree_byte,          ///< each byte of it
  rise,               ///< what a hop takes more where its message is large (sockets)
  between_hop,        ///< each hop of a ring between nodes
  between_byte,       ///< each byte that a ring over nodes passes on
  between_tree_hop,   ///< each level of a tree between nodes
  between_tree_byte,  ///< each byte of it
};
constexpr std::size_t parts = 11;

constexpr std::size_t parameter(Protocol protocol, Part part) {
  return static_cast<std::size_t>(protocol) * parts + static_cast<std::size_t>(part);
}
// The places of what is fitted to messages that go straight from rank to rank.
constexpr std::size_t direct_call = protocols * parts, direct_byte = direct_call + 1,
                      direct_between_call = direct_call + 2, direct_between_byte = direct_call + 3;
/// What the caller adds to every call, against nccl-tests.
constexpr std::size_t caller = direct_call + 4;
constexpr std::size_t all_parameters = caller + 1;

/// What is known of the machine beside its parameters.
struct Machine {
  Fabric fabric;
  bool has_rail_per_gpu = true;  ///< each GPU has a network card, or all of a node share theirs
};

/// Parameter and coefficient: the call's time is the sum of their products.
using Terms = std::vector<std::pair<std::size_t, double>>;

/// With S bytes, N ranks, H hops (2(N-1) of an all-reduce, N-1 of others):
///
/// - ring inside: call + H (hop + S/N byte) + S/N fill. The bytes of LL count only above 24
///   channels of 4096 bytes a rank: below, channels come in, and not bytes.
/// - tree inside, a chain: call + H hop + (H + (k-1) m) S/k byte, in k pieces of at most 24
///   channels of a chunk; m = 1 with 2 ranks, else 2, as a rank in the middle passes on both ways.
/// - broadcast, reduce: call + (N-1) hop + (S + (N-2) piece) byte.
/// - sockets: no call; a process sends and receives at one rate together, so that the ends of a
///   broadcast of 2 ranks are faster; a hop takes `rise` more as its message grows from 16 KiB to
///   256 KiB.
/// - ring over n nodes: call + hops inside + hops between (2(n-1) or n-1), H S/N byte, over all
///   rails. A tree of L = log2(n) levels between nodes: call + chain inside + 2 L hops between +
///   (2L + (k-1) m) S/k byte.
/// - alltoall, scatter, gather, sendrecv: call + what a rank sends or receives.
Terms terms_of(std::string_view operation, double bytes, const Arrangement& arrangement,
               const Choice& choice, const Machine& machine);

}  // namespace ringsim::cluster
