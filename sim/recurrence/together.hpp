#pragma once
// What running a ring's rounds for all ranks at once rests on.
#include "topologies/topology.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ringsim {

/// Where ranks are few, following the critical path message by message is as fast.
inline constexpr std::size_t fewest_to_follow_together = 64;
/// What is kept for each call in one go and rank (some 200 bytes) is kept for so many; then what
/// the paths of all ranks have in common is summed up, which takes some times as long as a call
/// does.
constexpr std::size_t most_followed_together(std::size_t ranks) {
  constexpr std::size_t ranks_in_calls = 1 << 18, calls = 16;
  return std::max(ranks_in_calls, calls * ranks);
}

/// The routes from each rank to the next one, where each has links of its own, constant bandwidths,
/// and no host takes time for reducing.
std::optional<std::vector<Route>> ring_routes(const Topology& topology, Rank ranks);

/// What each rank sends in rounds in which rank i sends part (i-j) mod N in round j.
std::vector<Bytes> bytes_of_senders(const std::vector<Bytes>& parts, std::uint32_t rounds);

}  // namespace ringsim
