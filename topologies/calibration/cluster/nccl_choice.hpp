#pragma once
// Which algorithm and protocol NCCL takes for a call, by its own rule and constants.
#include "base/units.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringsim::cluster {

/// Ranks in nodes of equally many.
struct Arrangement {
  std::uint32_t ranks, nodes;

  std::uint32_t per_node() const { return ranks / nodes; }
  friend auto operator<=>(const Arrangement&, const Arrangement&) = default;
};

/// What joins the ranks of a node.
enum class Fabric { nvlink, pci, sockets };

/// Ring; tree (a double binary tree between nodes, a chain inside); or messages that go straight
/// from rank to rank, as those of sendrecv and alltoall.
enum class Algorithm { ring, tree, direct };
/// Simple has the whole bandwidth; LL sends a flag with every 4 bytes, and LL128 one in 128, so
/// that nobody waits for a message as a whole.
enum class Protocol { ll, ll128, simple };
constexpr std::size_t protocols = 3;
std::string_view name_of(Algorithm algorithm);
std::string_view name_of(Protocol protocol);
std::string_view name_of(Fabric fabric);

struct Choice {
  Algorithm algorithm;
  Protocol protocol;
  friend auto operator<=>(const Choice&, const Choice&) = default;
};

/// What NCCL believes of the machine before it has sent anything.
struct Believed {
  Fabric fabric;
  BytesPerSecond inside;   ///< bus bandwidth of a ring within a node
  BytesPerSecond between;  ///< of a ring over several nodes
};

/// The algorithm and protocol of least `base + sum(hops * latency) + bytes / (bandwidth * share)`,
/// with the constants of NCCL 2.28 (src/graph/tuning.cc: baseLat, hwLat, llMaxBws,
/// treeCorrectionFactor). Fitted times must not decide: NCCL does not know them. `forced`: the only
/// algorithm that may be taken (NCCL_ALGO). The operation is one of operations() other than
/// "message".
Choice nccl_choice(std::string_view operation, double bytes, const Arrangement& arrangement,
                   const Believed& believed, std::optional<Algorithm> forced = std::nullopt);

/// What NCCL believes of a machine that reached this bus bandwidth at most: the rate of the links
/// that machines have, not what is left of it.
BytesPerSecond believed_inside(BytesPerSecond reached);
Fabric fabric_of(BytesPerSecond reached);

}  // namespace ringsim::cluster
