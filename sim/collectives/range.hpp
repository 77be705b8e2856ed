#pragma once
// Elements of a buffer that travel together.
#include "sim/collectives/collective.hpp"

#include <algorithm>
#include <cstdint>

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

/// How many pieces of at most `chunk` (and at least one element) the buffer goes in; at least one.
inline std::uint32_t pieces_of(const Range& buffer, Bytes chunk) {
  const std::uint64_t elements =
      std::max<std::uint64_t>(1, chunk.count / buffer.element_bytes.count);
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, (buffer.end - buffer.begin + elements - 1) / elements));
}

}  // namespace ringsim
