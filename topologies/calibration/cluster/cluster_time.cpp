#include "topologies/calibration/cluster/cluster_time.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ringsim::cluster {
namespace {

struct Sum {
  const Choice& choice;
  Terms terms = {};

  void add(Part part, double coefficient) {
    if (coefficient > 0) terms.emplace_back(parameter(choice.protocol, part), coefficient);
  }
};

double hops_of(std::string_view operation, double members) {
  return operation == "all_reduce" ? 2 * (members - 1) : members - 1;
}

void add_ring_inside(Sum& sum, std::string_view operation, double bytes, double ranks,
                     bool sockets) {
  const double hops = hops_of(operation, ranks);
  const auto protocol = sum.choice.protocol;
  const double part = ring_part(bytes, ranks, protocol, sockets ? Fabric::sockets : Fabric::nvlink);
  if (sockets) {
    if (protocol == Protocol::simple) sum.add(Part::rise, hops * rise_of(part));
  } else {
    sum.add(Part::call, 1);
    sum.add(Part::fill, part);
  }
  sum.add(Part::hop, hops);
  sum.add(Part::byte, hops * part);
}

void add_pipeline_inside(Sum& sum, double bytes, double ranks, bool sockets) {
  if (sockets) {
    sum.add(Part::hop, broadcast_hops(ranks) * one_way_hop);
    sum.add(Part::byte, bytes * one_way * (ranks == 2 ? 1 : 2));
    return;
  }
  sum.add(Part::call, 1);
  sum.add(Part::hop, broadcast_hops(ranks));
  const auto protocol = sum.choice.protocol;
  const double counted = protocol == Protocol::ll ? ll_bytes(bytes, ranks) : bytes;
  sum.add(Part::byte, counted + (ranks - 2) * broadcast_piece(bytes, protocol));
}

void add_chain_inside(Sum& sum, double bytes, double ranks, bool sockets) {
  const double hops = 2 * (ranks - 1);
  const double pieces =
      chain_pieces(bytes, sum.choice.protocol, sockets ? Fabric::sockets : Fabric::nvlink, ranks);
  if (!sockets) sum.add(Part::call, 1);
  sum.add(Part::tree_hop, hops);
  sum.add(Part::tree_byte, (hops + (pieces - 1) * (ranks == 2 ? 1 : 2)) * bytes / pieces);
}

void add_between(Sum& sum, std::string_view operation, double bytes, const Arrangement& arrangement,
                 const Machine& machine) {
  const double rails = machine.has_rail_per_gpu ? arrangement.per_node() : 1;
  const double ranks = arrangement.ranks, nodes = arrangement.nodes;
  sum.add(Part::call, 1);
  if (sum.choice.algorithm == Algorithm::tree) {
    const double levels = std::ceil(std::log2(nodes));
    const double pieces = network_pieces(bytes, sum.choice.protocol);
    sum.add(Part::tree_hop, 2. * (arrangement.per_node() - 1));
    sum.add(Part::between_tree_hop, 2 * levels);
    sum.add(Part::between_tree_byte,
            (2 * levels + (pieces - 1) * (nodes == 2 ? 1 : 2)) * bytes / pieces / rails);
    return;
  }
  const double hops = hops_of(operation, ranks), between = hops_of(operation, nodes);
  const bool is_pipeline = operation == "broadcast" || operation == "reduce";
  sum.add(Part::hop, hops - between);
  sum.add(Part::between_hop, between);
  if (sum.choice.protocol == Protocol::ll && !is_pipeline && machine.fabric != Fabric::sockets)
    sum.add(Part::byte, (hops - between) * ll_line(bytes, ranks));
  sum.add(Part::between_byte, (is_pipeline ? bytes : hops * bytes / ranks) / rails);
}

/// What goes straight from rank to rank.
Terms direct_terms(std::string_view operation, double bytes, const Arrangement& arrangement,
                   const Machine& machine) {
  const double ranks = arrangement.ranks, per_node = arrangement.per_node();
  const bool is_one_message = operation == "sendrecv";
  if (arrangement.nodes == 1) {
    const double sent = is_one_message ? bytes : bytes * (ranks - 1) / ranks;
    if (machine.fabric != Fabric::nvlink) return {{direct_call, 1}, {direct_byte, sent}};
    // Messages to all peers have all channels together.
    const double channels = is_one_message ? direct_channels(bytes, ranks) : enough_channels;
    return {{direct_call, 1},
            {direct_byte, sent * std::max(1., enough_channels / channels)},
            {direct_fill, direct_first_chunks(sent)}};
  }
  // All ranks of a node send to all others; of a scatter one does. What leaves the node passes its
  // cards.
  double leaves = is_one_message ? bytes : bytes * (ranks - per_node) / ranks;
  if (operation == "alltoall" && !machine.has_rail_per_gpu) leaves *= per_node;
  return {{direct_between_call, 1}, {direct_between_byte, leaves}};
}

}  // namespace

Terms terms_of(std::string_view operation, double bytes, const Arrangement& arrangement,
               const Choice& choice, const Machine& machine) {
  if (choice.algorithm == Algorithm::direct)
    return direct_terms(operation, bytes, arrangement, machine);
  Sum sum{choice};
  const bool sockets = machine.fabric == Fabric::sockets;
  const double ranks = arrangement.ranks;
  if (arrangement.nodes > 1) {
    add_between(sum, operation, bytes, arrangement, machine);
  } else if (choice.algorithm == Algorithm::tree) {
    add_chain_inside(sum, bytes, ranks, sockets);
  } else if (operation == "broadcast" || operation == "reduce") {
    add_pipeline_inside(sum, bytes, ranks, sockets);
  } else {
    add_ring_inside(sum, operation, bytes, ranks, sockets);
  }
  return std::move(sum.terms);
}

}  // namespace ringsim::cluster
