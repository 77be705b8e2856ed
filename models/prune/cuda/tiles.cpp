#include "models/prune/cuda/tiles.hpp"

#include <algorithm>

namespace ringsim::prune::cuda {

std::vector<Tile> make_tiles(std::span<const Segment> segments, std::size_t tile_elements) {
  std::vector<Tile> tiles;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const Segment& segment = segments[s];
    std::size_t first = 0;
    do {
      const std::size_t elements = std::min(tile_elements, segment.parameters - first);
      tiles.push_back({.offset = segment.offset + first,
                       .mask_offset = segment.mask_offset + first / 64,
                       .elements = static_cast<std::uint32_t>(elements),
                       .segment = static_cast<std::uint32_t>(s),
                       .ends_segment = first + elements == segment.parameters ? 1U : 0U,
                       .unused = 0});
      first += elements;
    } while (first < segment.parameters);
  }
  return tiles;
}

}  // namespace ringsim::prune::cuda
