#pragma once
// What running a ring's rounds for all ranks at once rests on.
#include "topologies/topology.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ringsim {

/// Where ranks are few, following the critical path message by message is as fast.
inline constexpr std::size_t fewest_to_follow_together = 64;
/// What is kept for each call in one go and rank (some 160 bytes) is kept to the end: not without
/// limit.
inline constexpr std::size_t most_followed_together = 1 << 20;

/// The routes from each rank to the next one, where each has links of its own, constant bandwidths,
/// and no host takes time for reducing.
std::optional<std::vector<Route>> ring_routes(const Topology& topology, Rank ranks);

/// What each rank sends in rounds in which rank i sends part (i-j) mod N in round j.
std::vector<Bytes> bytes_of_senders(const std::vector<Bytes>& parts, std::uint32_t rounds);

}  // namespace ringsim
