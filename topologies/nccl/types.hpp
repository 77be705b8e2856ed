#pragma once
// Words for what NCCL chooses, and what it chooses by.
#include "base/units.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringsim::nccl {

/// Ranks in nodes of equally many.
struct Arrangement {
  std::uint32_t ranks, nodes;

  std::uint32_t per_node() const { return ranks / nodes; }
  friend auto operator<=>(const Arrangement&, const Arrangement&) = default;
};

/// What joins the ranks of a node.
enum class Fabric { nvlink, pci, sockets };

/// Ring; tree (a double binary tree between nodes, a chain inside); messages that go straight from
/// rank to rank, as those of sendrecv and alltoall; or NVLink SHARP, whose switch adds up.
enum class Algorithm { ring, tree, direct, nvls };
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
  Fabric fabric = Fabric::nvlink;
  BytesPerSecond inside;     ///< bus bandwidth of a ring within a node
  BytesPerSecond between;    ///< of a ring over several nodes
  BytesPerSecond nvls = {};  ///< bytes of a call over its time in the switch; 0: it does not add up
};

}  // namespace ringsim::nccl
