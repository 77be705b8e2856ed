#pragma once
// The engine on device pointers. A plan is made once for the layers of a model; its calls then only
// enqueue kernels, and copies on the device: but for set_limits() none waits for the host or
// allocates, so that all can be captured in a CUDA graph. Results are those of the contract in
// models/prune/engine.hpp, bit for bit.
#include "models/prune/cuda/arguments.hpp"
#include "models/prune/cuda/runtime.hpp"
#include "models/prune/engine.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringsim::prune::cuda {

/// Flat buffers of a whole model, in device memory, as in SelectBuffers: `gradient` and `velocity`
/// may be null (velocity has to be null where gradient is). No two overlap.
struct DeviceBuffers {
  const float* gradient = nullptr;
  float* residual = nullptr;
  float* velocity = nullptr;
  const float* weight = nullptr;
  MaskWord* mask = nullptr;
};

/// Belongs to the device that is current when it is made; that one has to be current in every call.
/// Its working memory serves one call at a time: calls on several streams must be ordered by the
/// caller. Every call throws RunError where CUDA reports an error.
class Plan {
 public:
  /// Allocates on the device and copies; synchronous. Thresholds and floors are the segments'.
  explicit Plan(std::span<const Segment> segments);

  const std::vector<Segment>& segments() const { return segments_; }
  /// Chunks of 4096 elements of a segment, over all segments; a segment without elements has one.
  std::size_t chunks() const { return select_tiles_.size(); }

  /// Thresholds and floors for the following calls of select(), from segments of the same geometry.
  /// The values are taken before it returns; the copy is ordered in the stream.
  void set_limits(std::span<const Segment> segments, cudaStream_t stream);
  /// The same from device memory, one number per segment in each, ordered in the stream.
  void copy_limits(const float* thresholds, const float* floors, cudaStream_t stream);

  /// Engine::select in one launch. `statistics`: device memory, one per segment.
  void select(const DeviceBuffers& buffers, float momentum, Statistics* statistics,
              cudaStream_t stream);
  /// Engine::pack in two launches. `velocity` may be null. `kept`, device memory or null, takes the
  /// number of packed elements.
  void pack(const MaskWord* mask, float* residual, float* velocity, float* packed,
            std::uint64_t* kept, cudaStream_t stream);
  /// Engine::unpack in two launches.
  void unpack(const MaskWord* mask, const float* packed, float* target, cudaStream_t stream);
  /// Set bits per chunk; `counts`: device memory, chunks() integers.
  void count_chunks(const MaskWord* mask, std::uint32_t* counts, cudaStream_t stream) const;

  /// Threads per block of select(): 256, 512 or 1024. For benchmarks; the results are the same.
  void set_select_threads(unsigned threads);

 private:
  Counts counts() const;
  void count(const MaskWord* mask, cudaStream_t stream);

  std::vector<Segment> segments_;
  DeviceArray<Tile> select_tiles_, pack_tiles_;
  DeviceArray<Limits> limits_;
  DeviceArray<Partial> partials_;
  DeviceArray<std::uint32_t> counts_before_;
  DeviceArray<unsigned long long> group_counts_;
  unsigned select_threads_ = 512;
  bool overlaps_launches_ = false;
};

/// Whether the kernels were compiled for the current device.
bool built_for_current_device();

/// mask |= other, `words` words of device memory.
void unite(MaskWord* mask, const MaskWord* other, std::size_t words, cudaStream_t stream);

/// residual[i] += gradient[i] + weight[i]: three reads and one write, the yardstick of select().
/// float4 where all three are aligned to 16 bytes.
void accumulate_bare(const float* gradient, const float* weight, float* residual,
                     std::size_t elements, cudaStream_t stream);

}  // namespace ringsim::prune::cuda
