#include "models/prune/cpu_engine.hpp"

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "models/prune/statistics.hpp"

#include <algorithm>
#include <vector>

namespace ringsim::prune {

namespace {

/// Chunks of 4096 elements that a thread takes at once: long enough for the hardware prefetchers,
/// short enough that the threads end together.
constexpr std::size_t chunks_per_task = 64;

/// A range of the chunks of one segment.
struct Task {
  const Segment* segment;
  std::size_t first;  ///< element of the segment
  std::size_t elements;
  std::size_t chunk;       ///< number of its first chunk, over all segments
  std::size_t packed = 0;  ///< elements kept before it

  std::size_t mask_offset() const { return segment->mask_offset + first / 64; }
  std::size_t words() const { return mask_words(elements); }
};

float* at(std::span<float> buffer, std::size_t offset) {
  return buffer.empty() ? nullptr : buffer.data() + offset;
}

class CpuEngine final : public Engine {
 public:
  CpuEngine(std::string_view name, const CpuKernels& kernels, std::size_t threads)
      : name_(name), kernels_(kernels), pool_(threads) {}

  std::string_view name() const override { return name_; }

  void select(const SelectBuffers& buffers, float momentum, std::span<const Segment> segments,
              std::span<Statistics> statistics) override {
    check(statistics.size() == segments.size(), "select gathers statistics for every segment");
    plan(segments);
    pool_.for_each(tasks_.size(), [&](std::size_t index) {
      const Task& task = tasks_[index];
      const std::size_t offset = task.segment->offset + task.first;
      const SelectRange range{
          .gradient = buffers.gradient.empty() ? nullptr : buffers.gradient.data() + offset,
          .residual = buffers.residual.data() + offset,
          .velocity = at(buffers.velocity, offset),
          .weight = buffers.weight.data() + offset,
          .mask = buffers.mask.data() + task.mask_offset(),
          .elements = task.elements,
          .momentum = momentum,
          .threshold = task.segment->threshold,
          .floor = task.segment->floor};
      kernels_.select(range, chunks_.data() + task.chunk);
    });
    auto chunk = chunks_.begin();
    for (std::size_t s = 0; s < segments.size(); ++s) {
      statistics[s] = {};
      for (std::size_t i = 0; i < statistics_chunks(segments[s].parameters); ++i)
        add_chunk(statistics[s], *chunk++);
    }
  }

  std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                   std::span<float> residual, std::span<float> velocity,
                   std::span<float> packed) override {
    return for_each_kept(mask, segments, [&](const Task& task, std::size_t start) {
      const std::size_t offset = task.segment->offset + task.first;
      return kernels_.pack(mask.data() + task.mask_offset(), task.words(), residual.data() + offset,
                           at(velocity, offset), packed.data() + start);
    });
  }

  void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
              std::span<const float> packed, std::span<float> target) override {
    for_each_kept(mask, segments, [&](const Task& task, std::size_t start) {
      return kernels_.unpack(mask.data() + task.mask_offset(), task.words(), packed.data() + start,
                             target.data() + task.segment->offset + task.first);
    });
  }

 private:
  /// Fills tasks_ and makes room for the statistics of all chunks.
  void plan(std::span<const Segment> segments) {
    constexpr std::size_t most = chunks_per_task * statistics_chunk;
    tasks_.clear();
    std::size_t chunk = 0;
    for (const Segment& segment : segments)
      for (std::size_t first = 0; first < segment.parameters; first += most) {
        const std::size_t elements = std::min(most, segment.parameters - first);
        tasks_.push_back({&segment, first, elements, chunk});
        chunk += statistics_chunks(elements);
      }
    chunks_.resize(chunk);
  }

  /// Calls move(task, elements kept before it), which returns how many it moved, for all tasks.
  /// Returns how many were moved.
  template <class Move>
  std::size_t for_each_kept(std::span<const MaskWord> mask, std::span<const Segment> segments,
                            Move move) {
    plan(segments);
    std::size_t total = 0;
    if (pool_.size() == 1) {
      for (const Task& task : tasks_) total += move(task, total);
      return total;
    }
    pool_.for_each(tasks_.size(), [&](std::size_t index) {
      Task& task = tasks_[index];
      task.packed = kernels_.count(mask.data() + task.mask_offset(), task.words());
    });
    for (Task& task : tasks_) {
      const std::size_t kept = task.packed;
      task.packed = total;
      total += kept;
    }
    pool_.for_each(tasks_.size(),
                   [&](std::size_t index) { move(tasks_[index], tasks_[index].packed); });
    return total;
  }

  std::string_view name_;
  const CpuKernels& kernels_;
  ThreadPool pool_;
  std::vector<Task> tasks_;
  std::vector<Statistics> chunks_;
};

}  // namespace

std::unique_ptr<Engine> make_cpu_engine(std::string_view name, const CpuKernels& kernels,
                                        std::size_t threads) {
  return std::make_unique<CpuEngine>(name, kernels, threads);
}

}  // namespace ringsim::prune
