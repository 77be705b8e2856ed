#include "sim/collectives/nccl_call.hpp"

#include "base/error.hpp"

namespace ringsim {

using nccl::Part, nccl::Protocol, nccl::Fabric;

NcclCall::NcclCall(const AllReduceRequest& request, std::string_view operation, Bytes bytes)
    : operation_(operation),
      bytes_(static_cast<double>(bytes.count)),
      arrangement_{request.ranks, request.ranks / std::min(request.ranks, request.ranks_per_node)},
      links_(*request.nccl),
      choice_(nccl::nccl_choice(operation, bytes_, arrangement_, links_.model.believed,
                                links_.forced)) {
  check(request.ranks >= 2 && request.ranks % arrangement_.nodes == 0,
        "NCCL's collectives need two ranks and whole nodes");
}

Rank NcclCall::rails() const {
  return arrangement_.nodes > 1 && links_.model.machine.has_rail_per_gpu ? per_node() : 1;
}

double NcclCall::fixed_part() const {
  const double call = arrangement_.nodes == 1 && fabric() == Fabric::sockets ? 0 : get(Part::call);
  return call + links_.model.parameters[nccl::caller];
}

std::uint32_t NcclCall::stride() const {
  return arrangement_.nodes == 1 && arrangement_.ranks > 2 && !links_.meets_at_gpus ? 2 : 1;
}

NcclPassages NcclCall::nvls_passages() const {
  const double hops = 2.0 * (arrangement_.ranks - 1), sent = hops * bytes_ / arrangement_.ranks;
  const auto latency = nccl::nvls_time(0, links_.model.believed.nvls);
  const auto flow = nccl::nvls_time(bytes_, links_.model.believed.nvls) - latency;
  const double stretch = sent > 0 ? links_.inside.value * flow.value / sent : 1;
  const Seconds first = latency + Seconds{links_.model.parameters[nccl::caller]};
  return {{first, stretch}, {Seconds{}, stretch}, {first, stretch}, {Seconds{}, stretch}};
}

NcclPassages NcclCall::ring_passages() const {
  if (choice_.algorithm == nccl::Algorithm::nvls) return nvls_passages();
  const auto& [ranks, nodes] = arrangement_;
  const double times = operation_ == "all_reduce" ? 2 : 1;
  const double hops = times * (ranks - 1), hops_between = times * (nodes - 1);
  double hop_inside = get(Part::hop);
  if (nodes > 1 && choice_.protocol == Protocol::ll && fabric() != Fabric::sockets)
    hop_inside += nccl::ll_line(bytes_, ranks) * get(Part::byte);
  double hop = ((hops - hops_between) * hop_inside + hops_between * get(Part::between_hop)) / hops;
  double share = 1, fill = 0;  // of its bytes that count; what is passed once more
  if (nodes == 1) {
    const double part = bytes_ / ranks;
    if (fabric() == Fabric::sockets) {
      if (choice_.protocol == Protocol::simple) hop += get(Part::rise) * nccl::rise_of(part);
    } else {
      if (part > 0) share = nccl::ring_part(bytes_, ranks, choice_.protocol, fabric()) / part;
      fill = get(Part::fill);
    }
  }
  const double inside = links_.inside.value * share;
  const double between = links_.between.value * get(Part::between_byte);
  const Seconds first{fixed_part() + hop}, each{hop};
  return {{first, inside * (get(Part::byte) + fill)},
          {each, inside * get(Part::byte)},
          {first, between},
          {each, between}};
}

NcclPassages NcclCall::broadcast_passages(bool is_first_piece, std::uint32_t pieces) const {
  const auto& [ranks, nodes] = arrangement_;
  // What the form says of all bytes is spread over the rounds of the pieces.
  const double spread = static_cast<double>(pieces) / (ranks - 2.0 + pieces);
  double hop = is_first_piece ? get(Part::hop) : 0;
  if (nodes == 1) hop *= nccl::broadcast_hops(ranks) / (ranks - 1);
  double inside = links_.inside.value * get(Part::byte);
  if (nodes == 1 && fabric() == Fabric::sockets) {
    hop *= nccl::one_way_hop;
    inside *= nccl::one_way * (ranks == 2 ? 1 : 2) * spread;
  } else if (nodes == 1 && choice_.protocol == Protocol::ll && bytes_ > 0) {
    const double later_pieces = (ranks - 2.0) * bytes_ / pieces;
    inside *= (nccl::ll_bytes(bytes_, ranks) + later_pieces) / (bytes_ + later_pieces);
  }
  const double hop_between = is_first_piece ? get(Part::between_hop) : 0;
  const double between = links_.between.value * get(Part::between_byte) * spread;
  const double fixed = fixed_part();
  return {{Seconds{fixed + hop}, inside},
          {Seconds{hop}, inside},
          {Seconds{fixed + hop_between}, between},
          {Seconds{hop_between}, between}};
}

NcclPassages NcclCall::tree_passages(bool is_first_piece) const {
  const double fixed = fixed_part();
  const double hop = is_first_piece ? get(Part::tree_hop) : 0;
  const double hop_between = is_first_piece ? get(Part::between_tree_hop) : 0;
  const double inside = links_.inside.value * get(Part::tree_byte);
  const double between = links_.between.value * get(Part::between_tree_byte);
  return {{Seconds{fixed + hop}, inside},
          {Seconds{hop}, inside},
          {Seconds{fixed + hop_between}, between},
          {Seconds{hop_between}, between}};
}

}  // namespace ringsim
