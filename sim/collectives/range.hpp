#pragma once
// Elements of a buffer that travel together.
#include "sim/collectives/collective.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim {

struct Range {
  std::size_t begin, end;  ///< elements
  Bytes element_bytes;

  Bytes bytes() const { return (end - begin) * element_bytes; }
  /// One of so many parts, whose sizes differ by at most one element.
  Range part(std::size_t parts, std::size_t index) const {
    const std::size_t elements = end - begin;
    return {begin + chunk_begin(elements, parts, index),
            begin + chunk_begin(elements, parts, index + 1), element_bytes};
  }
  Message sent_to(Rank peer) const { return {peer, bytes(), begin * element_bytes}; }
  Message stored_from(Rank peer) const { return {peer, bytes(), begin * element_bytes}; }
  Message added_from(Rank peer) const { return {peer, bytes(), begin * element_bytes, true}; }
};

/// Where each of these parts stands in a buffer of all of them, one after the other.
inline std::vector<Range> ranges_of(std::span<const Bytes> parts) {
  std::vector<Range> ranges;
  ranges.reserve(parts.size());
  std::size_t begin = 0;
  for (const Bytes part : parts) {
    ranges.push_back({begin, begin + part.count, Bytes{1}});
    begin += part.count;
  }
  return ranges;
}

/// Where a rank stands in a ring, and a round of that ring's all-reduce.
struct RingStep {
  Rank position, ranks;
  std::uint32_t index;
  bool backwards = false;  ///< ranks and chunks count downwards
};

/// Adds what the rank does in the round with its chunk of `range`; rank_of(position) are its
/// neighbours.
///
/// It sends chunk (position - index) mod N in the reduce-scatter; there it ends with chunk
/// position+1 summed, and in the all-gather, N-1 rounds later, sends it on:
/// (position + 1 - (index - (N-1))) mod N, which is the same formula.
template <class RankOf>
void add_ring_step(const RingStep& step, const Range& range, RankOf rank_of, Round& round) {
  const Rank n = step.ranks, on = step.backwards ? n - 1 : 1;
  const Rank next = (step.position + on) % n, before = (step.position + n - on) % n;
  const auto chunk = [&](Rank sender) {
    return range.part(n, (step.backwards ? sender + step.index : sender + 2 * n - step.index) % n);
  };
  round.sends.push_back(chunk(step.position).sent_to(rank_of(next)));
  const bool reduces = step.index < n - 1;
  round.receives.push_back(reduces ? chunk(before).added_from(rank_of(before))
                                   : chunk(before).stored_from(rank_of(before)));
}

/// How many pieces of at most `chunk` (and at least one element) the buffer goes in; at least one.
inline std::uint32_t pieces_of(const Range& buffer, Bytes chunk) {
  const std::uint64_t elements =
      std::max<std::uint64_t>(1, chunk.count / buffer.element_bytes.count);
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, (buffer.end - buffer.begin + elements - 1) / elements));
}

}  // namespace ringsim
