#pragma once
// One call of NCCL's: what it chose, and what messages cost by that.
#include "sim/collectives/nccl_links.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace ringsim {

/// Passages of a call's messages, of its first round and of the others, inside nodes and between.
struct NcclPassages {
  Passage first_inside, inside, first_between, between;

  const Passage* of(std::uint32_t round, bool is_inside) const {
    if (is_inside) return round == 0 ? &first_inside : &inside;
    return round == 0 ? &first_between : &between;
  }
};

class NcclCall {
 public:
  /// `operation`: as nccl::nccl_choice() has it. `bytes`: as nccl-tests counts them.
  NcclCall(const AllReduceRequest& request, std::string_view operation, Bytes bytes);

  const nccl::Choice& choice() const { return choice_; }
  const nccl::Arrangement& arrangement() const { return arrangement_; }
  Rank per_node() const { return arrangement_.per_node(); }
  double bytes() const { return bytes_; }
  nccl::Fabric fabric() const { return links_.model.machine.fabric; }
  double get(nccl::Part part) const { return links_.model.get(choice_.protocol, part); }
  /// How many GPUs of a node have a card of their own.
  Rank rails() const;

  /// In a tree a piece follows the one before it after so many rounds.
  std::uint32_t stride() const;

  /// NVLink SHARP's bytes go round the ring, too: what a GPU sends and gets is nearly the same, and
  /// so is what passes its links; the whole call takes the switch's time.
  NcclPassages ring_passages() const;
  /// What the first of `pieces` that follow one another along a ring has to pass, or the others.
  NcclPassages broadcast_passages(bool is_first_piece, std::uint32_t pieces) const;
  /// What the first of pieces that follow one another through a tree has to pass, or the others.
  NcclPassages tree_passages(bool is_first_piece) const;

 private:
  /// What every call takes, and what its caller adds, a framework such as PyTorch. Inside one node
  /// calls over sockets have no fixed part of their own.
  double fixed_part() const;
  NcclPassages nvls_passages() const;

  std::string_view operation_;
  double bytes_;
  nccl::Arrangement arrangement_;
  const NcclLinks& links_;
  nccl::Choice choice_;
};

/// Where ranks stand in ring `lane` of so many ranks in nodes: it enters each node at GPU `lane`.
struct NcclRingOrder {
  Rank per_node, lane;

  Rank position(Rank rank) const {
    return rank / per_node * per_node + (rank % per_node + per_node - lane) % per_node;
  }
  Rank rank_of(Rank position) const {
    return position / per_node * per_node + (position % per_node + lane) % per_node;
  }
};

std::shared_ptr<const Collective> make_nccl_ring(const NcclCall& call,
                                                 const AllReduceRequest& request);
std::shared_ptr<const Collective> make_nccl_tree(const NcclCall& call,
                                                 const AllReduceRequest& request);

}  // namespace ringsim
