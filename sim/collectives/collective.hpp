#pragma once
// A collective turns payload sizes into messages. It knows nothing of SimGrid: a backend asks it,
// rank by rank and round by round, what is sent and received.
#include "base/rank.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

struct Message {
  Rank peer;    ///< target of a send, source of a receive
  Bytes bytes;  ///< 0 for a receive: the sender knows
};

/// What one rank does in one round: it posts all of it together and waits for all of it. Empty: the
/// rank is idle and goes on at once.
struct Round {
  std::vector<Message> sends;
  std::vector<Message> receives;
  /// What the rank adds up after that, before its next round, at its host's rate of reduction.
  Bytes reduced = {};

  void clear() {
    sends.clear();
    receives.clear();
    reduced = {};
  }
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
  /// Where every rank i sends, in every round j, part (i-j) mod N to rank i+1 mod N and nothing
  /// else: the sizes of the N parts. A backend may then advance all ranks together.
  virtual std::optional<std::vector<Bytes>> ring_parts() const { return std::nullopt; }
};

/// Ring all-reduce (Patarasuk & Yuan, 2009): reduce-scatter, then all-gather, 2(N-1) rounds. In
/// round j rank i sends chunk (i-j) mod N to rank i+1. `elements` are split into N chunks whose
/// sizes differ by at most one element.
std::shared_ptr<const Collective> make_ring_all_reduce(Rank ranks, std::size_t elements,
                                                       Bytes element_bytes);

/// All-gather of unequal parts round the ring, N-1 rounds: in round j rank i sends part (i-j) mod N
/// to rank i+1. An empty part is not sent.
std::shared_ptr<const Collective> make_ring_all_gather(std::vector<Bytes> parts);

/// First element of chunk `chunk` when `elements` are split into `chunks` parts: the first
/// elements%chunks parts have one element more.
constexpr std::size_t chunk_begin(std::size_t elements, std::size_t chunks, std::size_t chunk) {
  const std::size_t larger = elements % chunks;
  return chunk * (elements / chunks) + (chunk < larger ? chunk : larger);
}

/// An all-reduce algorithm by name (`--collective`). Beside its implementation:
/// `extern const CollectiveDefinition NAME_collective;`.
struct CollectiveDefinition {
  std::string_view name;
  std::string_view description;
  std::shared_ptr<const Collective> (*make_all_reduce)(Rank ranks, std::size_t elements,
                                                       Bytes element_bytes);
};

/// All all-reduce algorithms, in a fixed order (generated from sim/CMakeLists.txt).
std::span<const CollectiveDefinition* const> collectives();
/// The algorithm of this name; throws UserError at "--collective" (did you mean ...).
const CollectiveDefinition& find_collective(std::string_view name);

}  // namespace ringsim
