#pragma once
// How the work of a model is cut into tiles, one thread block each. A tile lies in one segment, so
// that one launch serves all layers, however many and however small.
#include "models/prune/engine.hpp"
#include "models/prune/statistics.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim::prune::cuda {

/// Elements of a tile of select: a chunk of the statistics, whose lanes are summed one element
/// after the other.
inline constexpr unsigned select_tile = statistics_chunk;
/// Elements of a tile of pack and unpack: at densities near 1/128 about one kept element per
/// thread.
inline constexpr unsigned pack_tile = 32768;
/// Tiles of pack that one block counts.
inline constexpr unsigned count_group = 4;

/// A range of a segment.
struct alignas(16) Tile {
  std::uint64_t offset;       ///< first element of the flat buffers
  std::uint64_t mask_offset;  ///< first word of the mask
  std::uint32_t elements;
  std::uint32_t segment;
  std::uint32_t ends_segment;  ///< 1: the last tile of its segment
  std::uint32_t unused;
};
static_assert(sizeof(Tile) == 32);

/// What changes from step to step about a segment.
struct Limits {
  float threshold;
  float floor;
};

/// The tiles of all segments, in order. A segment without elements has one tile without elements,
/// so that its statistics are written too. `tile_elements` is a multiple of 64.
std::vector<Tile> make_tiles(std::span<const Segment> segments, std::size_t tile_elements);

}  // namespace ringsim::prune::cuda
