#pragma once
// A collective turns payload sizes into messages. It knows nothing of SimGrid: a backend asks it,
// rank by rank and round by round, what is sent and received.
#include "base/option_limits.hpp"
#include "base/rank.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// How a message passes, where that is not as the links of its route say by their latencies and
/// models of message size.
struct Passage {
  Seconds latency;     ///< before its bytes flow
  double stretch = 1;  ///< bytes of the route's capacity that each of its bytes takes
};

/// Every message is sent and received in rounds of the same number; between two ranks, sends and
/// receives of a round stand in the same order.
struct Message {
  Rank peer;          ///< target of a send, source of a receive
  Bytes bytes;        ///< of both sides
  Bytes offset = {};  ///< where it stands in the rank's buffer
  bool adds = false;  ///< of a receive: it is added to what stands there, and does not replace it
  const Passage* passage = nullptr;  ///< of a send, the collective's; null: as the links say
};

/// What one rank does in one round: it posts all of it together and waits for all of it. Empty: the
/// rank is idle and goes on at once.
struct Round {
  std::vector<Message> sends;
  std::vector<Message> receives;

  void clear() {
    sends.clear();
    receives.clear();
  }
  /// What the rank adds up after that, before its next round, at its host's rate of reduction.
  Bytes reduced() const {
    Bytes sum;
    for (const auto& message : receives) {
      if (message.adds) sum += message.bytes;
    }
    return sum;
  }
};

/// Messages from a rank to the next one, one in each of `pieces` rounds from `first_round` on.
/// Their sizes differ by at most one byte, the larger ones first (chunk_begin of `bytes`).
struct RingRun {
  std::uint32_t first_round;
  std::uint32_t pieces;
  Bytes bytes;  ///< of all of them
};

/// One call of a collective in which ranks 0 .. ranks-1 take part, with its sizes. Immutable and
/// shared by all ranks.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual std::string_view name() const = 0;
  virtual Rank ranks() const = 0;
  virtual std::uint32_t rounds() const = 0;
  /// Overwrites `round` with what `rank` does in round `index`.
  virtual void round(Rank rank, std::uint32_t index, Round& round) const = 0;
  /// What all ranks together send.
  virtual Bytes total_bytes() const = 0;
  /// Where every rank i sends, in every round j, part (i-j) mod N to rank i+1 mod N and nothing
  /// else: the sizes of the N parts. A backend may then advance all ranks together.
  virtual std::optional<std::vector<Bytes>> ring_parts() const { return std::nullopt; }
  /// Where every rank i sends to rank i+1 mod N and nowhere else, at most one message a round, and
  /// nothing is added up: what `sender` sends, in order of rounds.
  virtual std::optional<std::vector<RingRun>> ring_runs(Rank /*sender*/) const {
    return std::nullopt;
  }
};

/// What NCCL chooses by and how long its calls take on the links (sim/collectives/nccl_links.hpp).
struct NcclLinks;

/// All ranks hold a buffer of `elements`; afterwards all hold the sum.
struct AllReduceRequest {
  Rank ranks;
  std::size_t elements;
  Bytes element_bytes;
  Rank ranks_per_node = 1;  ///< rank r is in node r / ranks_per_node
  std::uint32_t directions = 1, channels = 1;
  Bytes chunk{512 * 1024};  ///< of a pipeline
  std::shared_ptr<const NcclLinks> nccl = nullptr;
};

/// Ring all-reduce (Patarasuk & Yuan, 2009): reduce-scatter, then all-gather, 2(N-1) rounds. In
/// round j rank i sends chunk (i-j) mod N to rank i+1. The elements are split into N chunks whose
/// sizes differ by at most one element. With several channels or directions the buffer is split
/// among them first; all go through their rounds together, every other channel the other way round
/// where there are two directions (2 * channels parts in all).
std::shared_ptr<const Collective> make_ring_all_reduce(const AllReduceRequest& request);
std::shared_ptr<const Collective> make_ring_all_reduce(Rank ranks, std::size_t elements,
                                                       Bytes element_bytes);

/// The first N-1 rounds of the ring all-reduce: rank i ends with chunk i+1 mod N summed.
std::shared_ptr<const Collective> make_ring_reduce_scatter(Rank ranks, std::size_t elements,
                                                           Bytes element_bytes);

/// All-gather of unequal parts round the ring, N-1 rounds: in round j rank i sends part (i-j) mod N
/// to rank i+1. An empty part is not sent.
std::shared_ptr<const Collective> make_ring_all_gather(std::vector<Bytes> parts);

/// Broadcast along the ring from `root` on, in pieces of at most `chunk` that follow one another:
/// N-2 + (number of pieces) rounds.
std::shared_ptr<const Collective> make_broadcast(Rank ranks, Rank root, std::size_t elements,
                                                 Bytes element_bytes, Bytes chunk);

/// First element of chunk `chunk` when `elements` are split into `chunks` parts: the first
/// elements%chunks parts have one element more.
constexpr std::size_t chunk_begin(std::size_t elements, std::size_t chunks, std::size_t chunk) {
  const std::size_t larger = elements % chunks;
  return chunk * (elements / chunks) + (chunk < larger ? chunk : larger);
}

/// An option that some algorithms take. It stands beside the definition of the one that takes it.
struct CollectiveOption : OptionText {
  void (*set)(AllReduceRequest& request, const OptionValue& value);
};

/// An all-reduce algorithm by name (`collective`). Beside its implementation:
/// `extern const CollectiveDefinition NAME_collective;`.
struct CollectiveDefinition {
  std::string_view name;
  std::string_view description;
  /// Throws UserError at `collective` or `ranks` where it cannot be had.
  std::shared_ptr<const Collective> (*make_all_reduce)(const AllReduceRequest& request);
  /// Those that it takes; the others are errors.
  std::span<const CollectiveOption* const> options = {};
  /// What a call becomes, where the algorithm depends on the call: "ring/LL128". Null: it does not.
  std::string (*describe)(const AllReduceRequest& request) = nullptr;
  /// Whether it stands for what a library does, so that it is no way to exchange beside the others.
  bool is_library = false;
  /// Whether it counts on where ranks are, so that it cannot go on once some have died.
  bool needs_whole_nodes = false;
};

/// All all-reduce algorithms, in a fixed order (generated from sim/CMakeLists.txt).
std::span<const CollectiveDefinition* const> collectives();
/// The algorithm of this name; throws UserError at `collective` (did you mean ...).
const CollectiveDefinition& find_collective(std::string_view name);
/// The options of all algorithms, each once.
std::span<const CollectiveOption* const> collective_options();

}  // namespace ringsim
