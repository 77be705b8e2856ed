#pragma once
// The kernels that move kept elements, and those that work on masks alone. Like select.cuh, this
// file also runs on the CPU, in tests.
#include "models/prune/cuda/arguments.hpp"

#include <cstdint>

namespace ringsim::prune::cuda {

/// Programmatic dependent launch (from compute capability 9.0 on): the next kernel of the stream
/// may start before this one has ended ...
__device__ inline void allow_next_launch() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaTriggerProgrammaticLaunchCompletion();
#endif
}
/// ... and waits here for the one before it.
__device__ inline void wait_for_launch_before() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  cudaGridDependencySynchronize();
#endif
}

namespace detail {

inline constexpr unsigned pack_words = pack_tile / 64;
inline constexpr unsigned pack_threads = pack_words / 2;
/// Elements of a tile that are moved at once; a denser tile takes several turns.
inline constexpr unsigned move_capacity = 4096;

struct MoveShared {
  std::uint16_t element[move_capacity];  ///< of the tile
  unsigned warp_kept[pack_threads / 32];
  unsigned long long warp_before[pack_threads / 32];
};

__device__ inline unsigned words_of(const Tile& tile) { return (tile.elements + 63) / 64; }

/// Where this thread's words stand.
struct Place {
  unsigned rank;              ///< bits set in the tile before them
  unsigned kept;              ///< bits set in the tile
  unsigned long long before;  ///< bits set in all tiles before
};

/// All threads of the block call it. `kept` counts the bits of the thread's own words.
__device__ inline Place find_place(const MoveArguments& a, unsigned kept, MoveShared& shared) {
  constexpr unsigned all = 0xffffffffU;
  constexpr unsigned warps = pack_threads / 32;
  const unsigned lane = threadIdx.x % 32, own_warp = threadIdx.x / 32;
  unsigned inclusive = kept;
#pragma unroll
  for (unsigned step = 1; step < 32; step *= 2) {
    const unsigned other = __shfl_up_sync(all, inclusive, step);
    if (lane >= step) inclusive += other;
  }
  const unsigned group = blockIdx.x / count_group;
  unsigned long long before = threadIdx.x == 0 ? a.counts.before[blockIdx.x] : 0;
  for (unsigned i = threadIdx.x; i < group; i += pack_threads) before += a.counts.groups[i];
#pragma unroll
  for (unsigned step = 16; step != 0; step /= 2) before += __shfl_xor_sync(all, before, step);
  if (lane == 31) shared.warp_kept[own_warp] = inclusive;
  if (lane == 0) shared.warp_before[own_warp] = before;
  __syncthreads();
  Place place{inclusive - kept, 0, 0};
#pragma unroll
  for (unsigned i = 0; i < warps; ++i) {
    if (i < own_warp) place.rank += shared.warp_kept[i];
    place.kept += shared.warp_kept[i];
    place.before += shared.warp_before[i];
  }
  return place;
}

/// Lists those elements of a word whose rank lies in [first, first + move_capacity).
__device__ inline void list_elements(MaskWord word, unsigned element, unsigned rank, unsigned first,
                                     MoveShared& shared) {
  for (; word != 0; word &= word - 1, ++rank) {
    if (rank - first >= move_capacity) continue;
    const unsigned bit = static_cast<unsigned>(__ffsll(static_cast<long long>(word))) - 1;
    shared.element[rank - first] = static_cast<std::uint16_t>(element + bit);
  }
}

/// Moves `count` listed elements of the tile that starts at `offset` to or from packed[position]
/// and after.
template <Move move>
__device__ inline void move_elements(const MoveArguments& a, std::uint64_t offset,
                                     unsigned long long position, unsigned count,
                                     const MoveShared& shared) {
  constexpr unsigned ahead = 4;  // loads under way per thread
  for (unsigned start = threadIdx.x; start < count; start += ahead * pack_threads) {
    float value[ahead];
#pragma unroll
    for (unsigned k = 0; k < ahead; ++k) {
      const unsigned i = start + k * pack_threads;
      if (i >= count) continue;
      value[k] = move == Move::pack ? a.flat[offset + shared.element[i]] : a.packed[position + i];
    }
#pragma unroll
    for (unsigned k = 0; k < ahead; ++k) {
      const unsigned i = start + k * pack_threads;
      if (i >= count) continue;
      const std::uint64_t at = offset + shared.element[i];
      if constexpr (move == Move::pack) {
        a.packed[position + i] = value[k];
        a.flat[at] = 0;
        if (a.velocity) a.velocity[at] = 0;
      } else {
        a.flat[at] = value[k];
      }
    }
  }
}

}  // namespace detail

/// Counts for move_kernel: a warp per tile, a block per group of tiles. Grid: tile_count /
/// count_group blocks, rounded up, of 32*count_group threads.
///
/// Shapes: mask: the words of all tiles; counts.before: one per tile; counts.groups: one per group.
/// Aliasing: none. Determinism: integers.
__global__ void __launch_bounds__(32 * count_group)
    count_kernel(const MaskWord* __restrict__ mask, const Tile* __restrict__ tiles,
                 unsigned tile_count, Counts counts) {
  __shared__ unsigned kept_by[count_group];
  allow_next_launch();
  const unsigned lane = threadIdx.x % 32, own = threadIdx.x / 32;
  const unsigned index = blockIdx.x * count_group + own;
  unsigned kept = 0;
  if (index < tile_count) {
    const Tile tile = tiles[index];
    const unsigned words = detail::words_of(tile);
#pragma unroll
    for (unsigned k = 0; k < detail::pack_words / 32; ++k) {
      const unsigned word = lane + 32 * k;
      if (word < words) kept += static_cast<unsigned>(__popcll(mask[tile.mask_offset + word]));
    }
  }
  kept = __reduce_add_sync(0xffffffffU, kept);
  if (lane == 0) kept_by[own] = kept;
  __syncthreads();
  if (lane != 0) return;
  unsigned before = 0, total = 0;
#pragma unroll
  for (unsigned i = 0; i < count_group; ++i) {
    if (i < own) before += kept_by[i];
    total += kept_by[i];
  }
  if (index < tile_count) counts.before[index] = before;
  if (own == 0) counts.groups[blockIdx.x] = total;
}

/// Engine::pack or unpack, after count_kernel on the same mask. Grid: tile_count blocks of
/// pack_words/2 threads, two words a thread: each lists its elements in shared memory, then all
/// threads move listed elements, so that a word with many bits delays nobody.
///
/// Shapes: mask, tiles, counts as in count_kernel; flat, velocity: the model's flat buffers;
/// packed: at least as many floats as bits are set; kept: one integer.
/// Aliasing: none. Determinism: packed is in ascending order of elements, whatever the order of
/// blocks.
template <Move move>
__global__ void __launch_bounds__(detail::pack_threads) move_kernel(const MoveArguments a) {
  __shared__ detail::MoveShared shared;
  const Tile tile = a.tiles[blockIdx.x];
  const unsigned words = detail::words_of(tile);
  const unsigned first_word = 2 * threadIdx.x;
  const MaskWord* const mask = a.mask + tile.mask_offset;
  const MaskWord low = first_word < words ? mask[first_word] : 0;
  const MaskWord high = first_word + 1 < words ? mask[first_word + 1] : 0;
  const auto low_kept = static_cast<unsigned>(__popcll(low));
  const unsigned own_kept = low_kept + static_cast<unsigned>(__popcll(high));
  wait_for_launch_before();
  const detail::Place place = detail::find_place(a, own_kept, shared);
  if (a.kept && threadIdx.x == 0 && blockIdx.x + 1 == a.tile_count)
    *a.kept = place.before + place.kept;
  for (unsigned first = 0; first < place.kept; first += detail::move_capacity) {
    detail::list_elements(low, first_word * 64, place.rank, first, shared);
    detail::list_elements(high, first_word * 64 + 64, place.rank + low_kept, first, shared);
    __syncthreads();
    const unsigned left = place.kept - first;
    const unsigned count = left < detail::move_capacity ? left : detail::move_capacity;
    detail::move_elements<move>(a, tile.offset, place.before + first, count, shared);
    __syncthreads();
  }
}

/// mask |= other, a word per thread. Aliasing: mask and other may be the same, not overlap
/// otherwise.
__global__ void unite_kernel(MaskWord* mask, const MaskWord* other, std::uint64_t words) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < words) mask[i] |= other[i];
}

/// Set bits per tile of select (4096 elements of a segment), a warp per tile. counts: one per tile.
__global__ void count_tiles_kernel(const MaskWord* mask, const Tile* tiles, unsigned tile_count,
                                   std::uint32_t* counts) {
  const unsigned index = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  if (index >= tile_count) return;
  const Tile tile = tiles[index];
  const unsigned words = detail::words_of(tile);
  unsigned kept = 0;
  for (unsigned word = threadIdx.x % 32; word < words; word += 32)
    kept += static_cast<unsigned>(__popcll(mask[tile.mask_offset + word]));
  kept = __reduce_add_sync(0xffffffffU, kept);
  if (threadIdx.x % 32 == 0) counts[index] = kept;
}

}  // namespace ringsim::prune::cuda
