#include "topologies/nccl/model.hpp"

#include "topologies/nccl/tuning.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ringsim::nccl {
namespace {

constexpr double KiB = 1024, channels = 24;
/// A piece of a chain, of a channel: LL, LL128, Simple.
constexpr OfProtocols chunk = {4 * KiB, 32 * KiB, 512 * KiB};
/// Over a network few channels are in use: LL, LL128, Simple.
constexpr OfProtocols network_piece = {8 * KiB, 64 * KiB, 4 * 512 * KiB};
/// What Simple's chunk is at least where a chain is short of pieces: 8, 4 or 1 for each hop.
struct ShrinkingChunk {
  double least, pieces_per_hop;
};
constexpr std::array<ShrinkingChunk, 3> shrinking_chunks = {
    {{128 * KiB, 8}, {64 * KiB, 4}, {32 * KiB, 1}}};
/// Each of a channel's warps passes on what it has of a chunk of LL or LL128: 256 bytes or 2 KiB.
constexpr double warps = 16;
/// Messages from rank to rank share so many channels, and take more while each has more.
constexpr double direct_most_channels = 32, direct_most_of_channel = 16 * 1024 * KiB;
/// A broadcast's pieces shrink with its size.
constexpr double fewest_pieces = 16;
/// Messages over sockets between which hops become slower.
constexpr double rise_from = 16 * KiB, rise_doublings = 4;

double of(const OfProtocols& values, Protocol protocol) {
  return values[static_cast<std::size_t>(protocol)];
}

/// Simple's chunk in a chain of so many hops.
double shrunk_chunk(double bytes, double hops) {
  double size = of(chunk, Protocol::simple);
  for (const auto& [least, pieces_per_hop] : shrinking_chunks)
    while (bytes / size < hops * pieces_per_hop && size > least) size /= 2;
  return size;
}

/// GB/s that a protocol has of a ring's bandwidth, and of a tree's.
struct Bandwidths {
  double ring, tree;
};
Bandwidths bandwidths_of(Protocol protocol, double bandwidth, const Arrangement& arrangement,
                         const Believed& believed) {
  const double of_tree = bandwidth * tree_share;
  if (protocol == Protocol::ll) {
    const double most = ll_most(arrangement, believed);
    return {std::min(most, bandwidth * ll_share), std::min(most, of_tree / ll_of_tree)};
  }
  if (protocol == Protocol::simple) return {bandwidth, of_tree};
  return {bandwidth * ll128_share, of_tree * ll128_of_tree(arrangement)};
}

}  // namespace

Model default_model(const Believed& believed, const Machine& machine,
                    const Arrangement& arrangement, Seconds network_latency) {
  Model model{believed, machine};
  const auto& hops = hops_of(believed.fabric);
  for (const auto p : {Protocol::ll, Protocol::ll128, Protocol::simple}) {
    // A ring over nodes starts the network in every round.
    const double least_hop = arrangement.nodes > 1 ? network_overhead(p) : 0;
    model.set(p, Part::call, of(ring_base, p) * microsecond);
    model.set(p, Part::hop, std::max(of(hops.ring, p), least_hop) * microsecond);
    model.set(p, Part::tree_hop, of(hops.tree, p) * microsecond);
    const auto inside =
        bandwidths_of(p, believed.inside.value / giga, {arrangement.per_node(), 1}, believed);
    model.set(p, Part::byte, 1 / (inside.ring * giga));
    model.set(p, Part::tree_byte, 1 / (inside.tree * giga));
    if (arrangement.nodes == 1) continue;
    model.set(p, Part::between_hop, of(network_hops.ring, p) * microsecond + network_latency.value);
    model.set(p, Part::between_tree_hop,
              of(network_hops.tree, p) * microsecond + network_latency.value);
    const auto between = bandwidths_of(p, believed.between.value / giga, arrangement, believed);
    const double rails = machine.has_rail_per_gpu ? arrangement.per_node() : 1;
    model.set(p, Part::between_byte, rails / (between.ring * giga));
    model.set(p, Part::between_tree_byte, rails / (between.tree * giga));
  }
  return model;
}

Model completed(Model model, const Model& defaults) {
  struct Group {
    Part byte, hop;
  };
  for (const auto p : {Protocol::ll, Protocol::ll128, Protocol::simple}) {
    for (const auto& [byte, hop] :
         {Group{Part::byte, Part::hop}, Group{Part::tree_byte, Part::tree_hop},
          Group{Part::between_byte, Part::between_hop},
          Group{Part::between_tree_byte, Part::between_tree_hop}}) {
      if (model.get(p, byte) > 0) continue;
      model.set(p, byte, defaults.get(p, byte));
      if (model.get(p, hop) == 0) model.set(p, hop, defaults.get(p, hop));
    }
  }
  return model;
}

double ll_full_channels(double ranks) { return channels * of(chunk, Protocol::ll) * ranks; }

double ll_bytes(double bytes, double ranks) {
  return std::max(bytes, std::min(channels * bytes, ll_full_channels(ranks)));
}

double ll_line(double bytes, double ranks) {
  return std::min(channels * bytes, ll_full_channels(ranks)) / ranks;
}

double ring_part(double bytes, double ranks, Protocol protocol, Fabric fabric) {
  const bool fills_channels = protocol == Protocol::ll && fabric != Fabric::sockets;
  return (fills_channels ? ll_bytes(bytes, ranks) : bytes) / ranks;
}

double rise_of(double message) {
  return std::clamp(std::log2(std::max(1., message / rise_from)) / rise_doublings, 0., 1.);
}

double chain_pieces(double bytes, Protocol protocol, Fabric fabric, double ranks) {
  const bool is_simple = protocol == Protocol::simple, is_sockets = fabric == Fabric::sockets;
  if (is_sockets && !is_simple) return network_pieces(bytes, protocol);
  const double piece = is_sockets  ? shrunk_chunk(bytes, ranks - 1)
                       : is_simple ? channels * of(chunk, protocol)
                                   : channels * of(chunk, protocol) / warps;
  return std::max(1., std::ceil(bytes / piece));
}

Seconds nvls_time(double bytes, BytesPerSecond bandwidth) {
  constexpr double fills = 0.4, filled = 41e6;
  return {nvls_latency * microsecond + (bytes + fills * std::min(bytes, filled)) / bandwidth.value};
}

double direct_channels(double bytes, double ranks) {
  double each = direct_most_channels;
  while (each > 1 && each * ranks > direct_most_channels) each /= 2;
  while (each < direct_most_channels && bytes / each > direct_most_of_channel) each *= 2;
  return each;
}

double direct_first_chunks(double bytes) {
  return std::min(bytes, enough_channels * of(chunk, Protocol::simple));
}

double broadcast_piece(double bytes, Protocol protocol) {
  return std::min(bytes / fewest_pieces, channels * of(chunk, protocol));
}

double network_pieces(double bytes, Protocol protocol) {
  return std::max(1., std::ceil(bytes / of(network_piece, protocol)));
}

}  // namespace ringsim::nccl
