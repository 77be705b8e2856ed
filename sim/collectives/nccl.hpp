#pragma once
// Collectives as NCCL performs them: it chooses an algorithm and a protocol for each call by its
// size, ranks and nodes, and these say what a call, a hop and a byte cost.
#include "sim/collectives/nccl_links.hpp"

namespace ringsim {

// What follows wants `request.nccl`, whole nodes and two ranks.

/// What NCCL takes for an all-reduce of this size.
nccl::Choice nccl_all_reduce_choice(const AllReduceRequest& request);

/// The ring or tree that it takes, which are:
///
/// - Ring: add_ring_step() in all of N ranks, 2(N-1) rounds. Over nodes with a card per GPU as many
///   rings side by side as a node has GPUs, each with its part of the buffer: ring c enters every
///   node at its GPU c, so that each card is passed once. Every message waits for the mean of the
///   hops (inside and between nodes), as a wave passes all of them in turn.
/// - Tree inside a node: a chain of k pieces up to rank 0 and down again. A rank in the middle
///   passes on both ways, in half of the time each: where that does not show in the topology, as
///   ways from both sides meet in a link, pieces follow one another in every second round (with 2
///   ranks in each). Hops cost their latency once: what follows flows.
/// - Tree over nodes: such a chain in each node, and between their first GPUs two binary trees with
///   half of the buffer each, the inner nodes of one being leaves of the other (Sanders, Speck and
///   Traeff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan", 2009); with 2
///   nodes one tree. With a card per GPU as many of them side by side as a node has GPUs.
///
/// The fixed cost of a call is waited for by the messages of its first round.
std::shared_ptr<const Collective> make_nccl_all_reduce(const AllReduceRequest& request);

/// The first N-1 rounds of such a ring: the rank at position p of ring c ends with chunk p+1 of its
/// part of the buffer.
std::shared_ptr<const Collective> make_nccl_reduce_scatter(const AllReduceRequest& request);

/// N-1 rounds of such rings, by which all ranks get the parts of all; an empty part is not sent.
/// The request says the ranks per node.
std::shared_ptr<const Collective> make_nccl_all_gather(std::vector<Bytes> parts,
                                                       const AllReduceRequest& request);

/// From `root` along such rings in pieces that follow one another, N-2 + (number of pieces) rounds;
/// the rings leave the root's node at different GPUs, as far as it has others than the root.
std::shared_ptr<const Collective> make_nccl_broadcast(const AllReduceRequest& request, Rank root);

}  // namespace ringsim
