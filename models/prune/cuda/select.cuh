#pragma once
// The kernel of select. tests/models/prune/cuda/emulation.hpp runs this file on the CPU, too.
#include "models/prune/cuda/arguments.hpp"

#include <cstdint>
#include <type_traits>

namespace ringsim::prune::cuda {

namespace detail {

inline constexpr unsigned warp = 32;
inline constexpr unsigned rows = select_tile / statistics_lanes;
inline constexpr unsigned all_lanes = 0xffffffffU;

/// Blocks per multiprocessor that registers have to suffice for: as many as leave nothing to spill.
constexpr unsigned resident_blocks(unsigned threads, Input input) {
  return (threads == 512 && input != Input::gradient_and_velocity ? 1536 : 1024) / threads;
}

struct SelectShared {
  alignas(16) float importance[select_tile];
  alignas(8) unsigned bits[select_tile / 32];
};

/// The elements that one thread holds in registers.
template <class Vector, unsigned count, Input input>
struct Held {
  Vector residual[count], weight[count];
  Vector gradient[input == Input::test_only ? 1 : count];
  Vector velocity[input == Input::gradient_and_velocity ? count : 1];
};

/// Turns a residual into its magnitude and a weight into the scale; returns whether the element is
/// kept.
__device__ inline bool test(float& residual, float& weight, Limits limits) {
  residual = fabsf(residual);
  const float magnitude = fabsf(weight);
  weight = magnitude > limits.floor ? magnitude : limits.floor;
  return residual > __fmul_rn(limits.threshold, weight);
}

/// Accumulates one element in registers.
template <Input input>
__device__ inline void accumulate(float& residual, float& velocity, float gradient,
                                  float momentum) {
  if constexpr (input == Input::test_only) return;
  float update = gradient;
  if constexpr (input == Input::gradient_and_velocity) {
    update = __fadd_rn(__fmul_rn(momentum, velocity), update);
    velocity = update;
  }
  residual = __fadd_rn(residual, update);
}

/// A whole tile whose elements are aligned to 16 bytes in every buffer.
template <unsigned threads, Input input>
__device__ inline void select_vectors(const SelectArguments& a, const Tile& tile,
                                      SelectShared& shared) {
  constexpr unsigned count = select_tile / 4 / threads;
  const auto at = [&](auto* buffer, unsigned k) {
    const auto* const first = buffer + tile.offset;
    return reinterpret_cast<const float4*>(first) + threadIdx.x + k * threads;
  };
  const auto target = [&](float* buffer, unsigned k) {
    return reinterpret_cast<float4*>(buffer + tile.offset) + threadIdx.x + k * threads;
  };
  Held<float4, count, input> held;
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    held.residual[k] = *at(a.residual, k);
    if constexpr (input != Input::test_only) held.gradient[k] = __ldcs(at(a.gradient, k));
    if constexpr (input == Input::gradient_and_velocity) held.velocity[k] = *at(a.velocity, k);
    held.weight[k] = __ldcs(at(a.weight, k));
  }
  const Limits limits = a.limits[tile.segment];
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    float4& r = held.residual[k];
    float4& v = held.velocity[input == Input::gradient_and_velocity ? k : 0];
    const float4& g = held.gradient[input == Input::test_only ? 0 : k];
    float4& w = held.weight[k];
    accumulate<input>(r.x, v.x, g.x, a.momentum);
    accumulate<input>(r.y, v.y, g.y, a.momentum);
    accumulate<input>(r.z, v.z, g.z, a.momentum);
    accumulate<input>(r.w, v.w, g.w, a.momentum);
    if constexpr (input != Input::test_only) *target(a.residual, k) = r;
    if constexpr (input == Input::gradient_and_velocity) *target(a.velocity, k) = v;
    const bool kept_x = test(r.x, w.x, limits), kept_y = test(r.y, w.y, limits);
    const bool kept_z = test(r.z, w.z, limits), kept_w = test(r.w, w.w, limits);
    // Eight threads hold the 32 elements of half a word.
    unsigned bits =
        (kept_x ? 1U : 0U) | (kept_y ? 2U : 0U) | (kept_z ? 4U : 0U) | (kept_w ? 8U : 0U);
    bits <<= threadIdx.x % 8 * 4;
    bits |= __shfl_xor_sync(all_lanes, bits, 1);
    bits |= __shfl_xor_sync(all_lanes, bits, 2);
    bits |= __shfl_xor_sync(all_lanes, bits, 4);
    if (threadIdx.x % 8 == 0) shared.bits[(threadIdx.x + k * threads) / 8] = bits;
  }
  // Apart from the loop above, where less is held: a division may take many registers.
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    const float4& r = held.residual[k];
    const float4& w = held.weight[k];
    reinterpret_cast<float4*>(shared.importance)[threadIdx.x + k * threads] = make_float4(
        __fdiv_rn(r.x, w.x), __fdiv_rn(r.y, w.y), __fdiv_rn(r.z, w.z), __fdiv_rn(r.w, w.w));
  }
}

/// `count` elements per thread of any tile, from element `first` of the tile on.
template <unsigned threads, unsigned count, Input input>
__device__ inline void select_scalars(const SelectArguments& a, const Tile& tile, unsigned first,
                                      SelectShared& shared) {
  const std::uint64_t base = tile.offset + first;
  Held<float, count, input> held;
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    const unsigned i = threadIdx.x + k * threads;
    if (first + i >= tile.elements) continue;
    held.residual[k] = a.residual[base + i];
    if constexpr (input != Input::test_only) held.gradient[k] = __ldcs(a.gradient + base + i);
    if constexpr (input == Input::gradient_and_velocity) held.velocity[k] = a.velocity[base + i];
    held.weight[k] = __ldcs(a.weight + base + i);
  }
  const Limits limits = a.limits[tile.segment];
#pragma unroll
  for (unsigned k = 0; k < count; ++k) {
    const unsigned i = threadIdx.x + k * threads;
    // An importance of 0 past the end changes no sum: the lanes are +0 or more, or NaN.
    float importance = 0;
    bool kept = false;
    if (first + i < tile.elements) {
      float& v = held.velocity[input == Input::gradient_and_velocity ? k : 0];
      accumulate<input>(held.residual[k], v, held.gradient[input == Input::test_only ? 0 : k],
                        a.momentum);
      if constexpr (input != Input::test_only) a.residual[base + i] = held.residual[k];
      if constexpr (input == Input::gradient_and_velocity) a.velocity[base + i] = v;
      kept = test(held.residual[k], held.weight[k], limits);
      importance = __fdiv_rn(held.residual[k], held.weight[k]);
    }
    shared.importance[first + i] = importance;
    const unsigned bits = __ballot_sync(all_lanes, kept);
    if (threadIdx.x % warp == 0) shared.bits[(first + i) / 32] = bits;
  }
}

/// Any tile: the last one of a segment, or one at an odd offset. In steps, because a whole tile in
/// scalars takes more registers than its vectors do.
template <unsigned threads, Input input>
__device__ inline void select_in_steps(const SelectArguments& a, const Tile& tile,
                                       SelectShared& shared) {
  constexpr unsigned count = select_tile / threads < 4 ? select_tile / threads : 4;
#pragma unroll 1
  for (unsigned first = 0; first < tile.elements; first += count * threads)
    select_scalars<threads, count, input>(a, tile, first, shared);
}

template <Input input>
__device__ inline bool aligned(const SelectArguments& a, const Tile& tile) {
  const auto address = [&](const float* buffer) {
    return reinterpret_cast<std::uintptr_t>(buffer + tile.offset);
  };
  std::uintptr_t bits = address(a.residual) | address(a.weight);
  if constexpr (input != Input::test_only) bits |= address(a.gradient);
  if constexpr (input == Input::gradient_and_velocity) bits |= address(a.velocity);
  return bits % 16 == 0;
}

/// One lane of the statistics per thread of the warp: its elements one after the other, then the
/// lanes pairwise. The result is that of thread 0.
template <bool square>
__device__ inline double sum_lanes(const SelectShared& shared, unsigned elements) {
  const unsigned lane = threadIdx.x % warp;
  double sum = 0;
  if (elements == select_tile) {
#pragma unroll 16
    for (unsigned row = 0; row < rows; ++row) {
      const double importance = shared.importance[row * statistics_lanes + lane];
      sum = __dadd_rn(sum, square ? __dmul_rn(importance, importance) : importance);
    }
  } else {
    for (unsigned i = lane; i < elements; i += statistics_lanes) {
      const double importance = shared.importance[i];
      sum = __dadd_rn(sum, square ? __dmul_rn(importance, importance) : importance);
    }
  }
#pragma unroll
  for (unsigned half = statistics_lanes / 2; half != 0; half /= 2)
    sum = __dadd_rn(sum, __shfl_down_sync(all_lanes, sum, half));
  return sum;
}

__device__ inline void hand_over(const SelectArguments& a, unsigned tile, Column column,
                                 Partial value) {
  if (threadIdx.x % warp != 0) return;
  volatile Partial* const target = a.partials + std::uint64_t{column} * a.tile_count + tile;
  *target = value;
}

/// Writes the words of the tile's mask; returns how many of its bits are set.
__device__ inline unsigned write_mask(const SelectArguments& a, const Tile& tile,
                                      const SelectShared& shared) {
  const unsigned words = (tile.elements + 63) / 64;
  const auto* const bits = reinterpret_cast<const unsigned long long*>(shared.bits);
  unsigned kept = 0;
#pragma unroll
  for (unsigned word = threadIdx.x % warp; word < select_tile / 64; word += warp) {
    if (word >= words) continue;
    a.mask[tile.mask_offset + word] = bits[word];
    kept += static_cast<unsigned>(__popcll(bits[word]));
  }
  return __reduce_add_sync(all_lanes, kept);
}

/// A batch of values on its way from the tiles to the sums; two of them, so that one fills while
/// the other is added. Taking one lasts about as long as two reads of memory that is busy, so a
/// batch has to hold the tiles that the other blocks finish meanwhile.
template <unsigned size>
struct FoldShared {
  Partial values[2][columns][size];
  unsigned segments[2][size];
  unsigned ends[2][size / 32];  ///< bit i%32 of word i/32: tile i ends its segment
};

/// Waits for the value of a tile, takes it and leaves `absent` for the next launch.
__device__ inline Partial take(Partial* place, Partial value) {
  while (value == absent) {
    __nanosleep(20);
    value = *static_cast<volatile Partial*>(place);
  }
  *static_cast<volatile Partial*>(place) = absent;
  return value;
}

/// Takes the values of the tiles from `first` on; called by `size` threads.
template <unsigned size>
__device__ inline void take_batch(const SelectArguments& a, unsigned first,
                                  FoldShared<size>& shared, unsigned half) {
  const unsigned tile = first + threadIdx.x;
  const bool present = tile < a.tile_count;
  Partial* places[columns];
  Partial values[columns];
#pragma unroll
  for (unsigned column = 0; column < columns; ++column) {
    places[column] = a.partials + std::uint64_t{column} * a.tile_count + tile;
    values[column] = present ? *static_cast<volatile Partial*>(places[column]) : 0;
  }
  const bool ends = present && a.tiles[tile].ends_segment != 0;
  shared.segments[half][threadIdx.x] = present ? a.tiles[tile].segment : 0;
  const unsigned ended = __ballot_sync(all_lanes, ends);
  if (threadIdx.x % warp == 0) shared.ends[half][threadIdx.x / warp] = ended;
#pragma unroll
  for (unsigned column = 0; column < columns; ++column)
    shared.values[half][column][threadIdx.x] =
        present ? take(places[column], values[column]) : values[column];
}

template <class Value>
__device__ inline Value from_bits(Partial bits) {
  if constexpr (std::is_same_v<Value, double>) {
    return __longlong_as_double(static_cast<long long>(bits));
  } else {
    return bits;
  }
}

/// Adds one column of a batch to `sum`, in order, and stores the sums that end; done by one thread.
template <class Value, unsigned size, class Store>
__device__ inline void add_batch(const FoldShared<size>& shared, unsigned half, Column column,
                                 unsigned count, Value& sum, Store store) {
  const Partial* const values = shared.values[half][column];
  for (unsigned first = 0; first < count; first += 32) {
    const unsigned ended = shared.ends[half][first / 32];
    if (ended == 0) {  // what lies past the last tile is +0, which changes no sum
#pragma unroll
      for (unsigned i = 0; i < 32; ++i) sum += from_bits<Value>(values[first + i]);
      continue;
    }
    for (unsigned i = first; i < count && i < first + 32; ++i) {
      sum += from_bits<Value>(values[i]);
      if ((ended >> i % 32 & 1) == 0) continue;
      store(shared.segments[half][i], sum);
      sum = 0;
    }
  }
}

/// Adds the columns over the tiles of every segment, in order, while other blocks still work: the
/// first warps take batches of values, one thread of a later warp per column adds the batch before.
template <unsigned size>
__device__ inline void fold_statistics(const SelectArguments& a, FoldShared<size>& shared) {
  constexpr unsigned takers = size / warp;
  const unsigned role = threadIdx.x / warp;
  const bool adds = threadIdx.x % warp == 0;
  double importance_sum = 0, importance_square_sum = 0;
  std::uint64_t kept = 0;
  // One round more than there are batches: the last one is only added.
  for (unsigned first = 0, half = 0;; first += size, half ^= 1) {
    if (role < takers && first < a.tile_count) take_batch(a, first, shared, half);
    if (adds && role >= takers && first != 0) {
      const unsigned before = first - size;
      const unsigned left = a.tile_count - before;
      const unsigned count = left < size ? left : size;
      if (role == takers) {
        add_batch(
            shared, half ^ 1, importance_sums, count, importance_sum,
            [&](unsigned segment, double sum) { a.statistics[segment].importance_sum = sum; });
      } else if (role == takers + 1) {
        add_batch<double>(shared, half ^ 1, importance_square_sums, count, importance_square_sum,
                          [&](unsigned segment, double sum) {
                            a.statistics[segment].importance_square_sum = sum;
                          });
      } else if (role == takers + 2) {
        add_batch<std::uint64_t>(
            shared, half ^ 1, kept_counts, count, kept,
            [&](unsigned segment, std::uint64_t sum) { a.statistics[segment].kept = sum; });
      }
    }
    if (first >= a.tile_count) return;
    __syncthreads();
  }
}

}  // namespace detail

/// Engine::select of all tiles in one launch: block 0 folds the statistics, block i+1 works on tile
/// i. Grid: tile_count + 1 blocks of `threads`.
///
/// Shapes: gradient, residual, velocity, weight: the model's flat buffers of floats, at any
/// alignment to 4 bytes (tiles aligned to 16 bytes in all of them are read as float4); mask: words
/// of 64 bits; limits, statistics: one per segment; partials: columns x tile_count, all `absent`
/// before and after. Absent buffers of `input` are not read.
/// Aliasing: no two buffers overlap, nor do two segments in elements or words.
/// Determinism: every bit of the results is the contract's, in any order of blocks. A tile's lanes
/// are summed by one thread each. Block 0 is resident from the start, waits for others and is
/// waited for by none; it adds the tiles of a segment in order, as they come in: a chain of
/// additions that at the end would take a third of the launch.
template <unsigned threads, Input input>
__global__ void __launch_bounds__(threads, detail::resident_blocks(threads, input))
    select_kernel(const SelectArguments a) {
  static_assert(threads / 2 >= 3 * detail::warp);
  __shared__ union Shared {
    detail::SelectShared select;
    detail::FoldShared<threads / 2> fold;
  } memory;
  if (blockIdx.x == 0) {
    detail::fold_statistics(a, memory.fold);
    return;
  }
  detail::SelectShared& shared = memory.select;
  const unsigned index = blockIdx.x - 1;
  const Tile tile = a.tiles[index];
  if (tile.elements == select_tile && detail::aligned<input>(a, tile)) {
    detail::select_vectors<threads, input>(a, tile, shared);
  } else {
    detail::select_in_steps<threads, input>(a, tile, shared);
  }
  __syncthreads();
  switch (threadIdx.x / detail::warp) {
    case 0:
      detail::hand_over(a, index, importance_sums,
                        static_cast<Partial>(
                            __double_as_longlong(detail::sum_lanes<false>(shared, tile.elements))));
      break;
    case 1:
      detail::hand_over(a, index, importance_square_sums,
                        static_cast<Partial>(
                            __double_as_longlong(detail::sum_lanes<true>(shared, tile.elements))));
      break;
    case 2:
      detail::hand_over(a, index, kept_counts, detail::write_mask(a, tile, shared));
      break;
    default:
      break;
  }
}

}  // namespace ringsim::prune::cuda
