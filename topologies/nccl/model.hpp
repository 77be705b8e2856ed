#pragma once
// How long NCCL's calls take, as parameters of each protocol, and in what pieces they go.
#include "topologies/nccl/choice.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace ringsim::nccl {

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
/// Once more for each byte of the first chunk of all channels of such messages.
constexpr std::size_t direct_fill = caller + 1;
constexpr std::size_t all_parameters = direct_fill + 1;

/// What is known of the machine beside its parameters.
struct Machine {
  Fabric fabric = Fabric::nvlink;
  bool has_rail_per_gpu = true;  ///< each GPU has a network card, or all of a node share theirs
};

/// What NCCL believes of a machine, by which it chooses, and how long what it chooses takes.
struct Model {
  Believed believed;
  Machine machine;
  std::vector<double> parameters = std::vector<double>(all_parameters, 0);

  double get(Protocol protocol, Part part) const { return parameters[parameter(protocol, part)]; }
  void set(Protocol protocol, Part part, double value) {
    parameters[parameter(protocol, part)] = value;
  }
};

/// The times that NCCL's own constants say of calls of this arrangement: a base for each call, a
/// latency for each hop, and a share of the bandwidth that it believes in; a hop between nodes
/// takes `network_latency` more.
Model default_model(const Believed& believed, const Machine& machine,
                    const Arrangement& arrangement, Seconds network_latency);
/// The model, with what it does not know (a byte takes no time) taken from `defaults`.
Model completed(Model model, const Model& defaults);

/// The bytes that fill 24 channels of LL with what their threads take at once, 4096 bytes of each
/// rank.
double ll_full_channels(double ranks);
/// The bytes of a call by LL inside a node, but over sockets, as if all channels carried them. They
/// come in one by one as each is full, so that bytes count 24 times up to a full channel, and none
/// more until all are full.
double ll_bytes(double bytes, double ranks);
/// What a hop inside a node has of it in a ring over nodes, whose bytes take as long as the network
/// does: a line of the channels in use.
double ll_line(double bytes, double ranks);
/// The bytes of a call that a rank of a ring inside a node passes on each round: an Nth, for LL of
/// ll_bytes.
double ring_part(double bytes, double ranks, Protocol protocol, Fabric fabric);
/// How much of Part::rise a message of this size has: it grows from 16 KiB to 256 KiB.
double rise_of(double message);
/// The number of pieces of a chain of so many ranks inside a node. Simple: of at most 24 channels
/// of a chunk; over sockets, of one channel whose chunks shrink as NCCL's do, so that a chain is
/// filled soon. LL and LL128: of what a warp has of a chunk, a sixteenth, as every line says by
/// itself that it is there, and over sockets as of a tree between nodes.
double chain_pieces(double bytes, Protocol protocol, Fabric fabric, double ranks);
/// The size of a broadcast's pieces inside a node.
double broadcast_piece(double bytes, Protocol protocol);
/// The number of pieces of a tree between nodes.
double network_pieces(double bytes, Protocol protocol);

/// The time of an all-reduce that NVLink's switch adds up, by public figures: a latency, and its
/// bytes at the bandwidth that the topology says, those of the first 41 MB nearly one and a half
/// times.
Seconds nvls_time(double bytes, BytesPerSecond bandwidth);

/// How many channels a message from rank to rank has inside a node with NVLink: those of all (32)
/// over the ranks, and twice as many while each has more than 16 MiB, up to all.
double direct_channels(double bytes, double ranks);
/// So many do what the links can; fewer take as much longer.
constexpr double enough_channels = 16;
/// The first chunks of so many channels.
double direct_first_chunks(double bytes);

/// How many hops a broadcast takes inside a node: those after the first half, as the calls follow
/// one another.
constexpr double broadcast_hops(double ranks) { return ranks / 2; }
/// A broadcast over sockets: what a byte takes that a process sends or receives alone, of one of a
/// ring, where it does both at once; and a hop, as nobody waits for an answer.
constexpr double one_way = 0.65, one_way_hop = 0.25;

}  // namespace ringsim::nccl
