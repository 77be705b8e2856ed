#include "models/prune/cuda/engine.hpp"

#include "base/error.hpp"
#include "models/prune/cuda/plan.hpp"
#include "models/prune/cuda/runtime.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <vector>

namespace ringsim::prune::cuda {

namespace {

bool on_device(const void* pointer) {
  cudaPointerAttributes attributes{};
  require(cudaPointerGetAttributes(&attributes, pointer), "asking where a buffer lies");
  return attributes.type == cudaMemoryTypeDevice || attributes.type == cudaMemoryTypeManaged;
}

/// Device memory that grows with its largest use and stands in for a buffer in host memory.
template <class T>
class Stage {
 public:
  /// Where the device finds the buffer: itself, or a copy; null where it is empty.
  T* enter(std::span<const T> buffer, bool copy = true) {
    if (buffer.empty()) return nullptr;
    if (on_device(buffer.data())) return const_cast<T*>(buffer.data());
    if (memory_.size() < buffer.size()) memory_ = DeviceArray<T>(buffer.size());
    if (copy)
      require(
          cudaMemcpy(memory_.data(), buffer.data(), buffer.size_bytes(), cudaMemcpyHostToDevice),
          "copying a buffer to the device");
    return memory_.data();
  }

  /// Copies back what enter() copied.
  void leave(std::span<T> buffer) {
    if (buffer.empty() || on_device(buffer.data())) return;
    require(cudaMemcpy(buffer.data(), memory_.data(), buffer.size_bytes(), cudaMemcpyDeviceToHost),
            "copying a buffer from the device");
  }

 private:
  DeviceArray<T> memory_;
};

bool same_geometry(const Segment& a, const Segment& b) {
  return a.offset == b.offset && a.parameters == b.parameters && a.mask_offset == b.mask_offset;
}

class CudaEngine final : public Engine {
 public:
  std::string_view name() const override { return "cuda"; }

  void select(const SelectBuffers& buffers, float momentum, std::span<const Segment> segments,
              std::span<Statistics> statistics) override {
    check(statistics.size() == segments.size(), "select gathers statistics for every segment");
    Plan& plan = plan_for(segments);
    plan.set_limits(segments, nullptr);
    const bool accumulates = !buffers.gradient.empty();
    const std::span<float> velocity = accumulates ? buffers.velocity : std::span<float>();
    const DeviceBuffers device{.gradient = gradient_.enter(buffers.gradient),
                               .residual = residual_.enter(buffers.residual),
                               .velocity = velocity_.enter(velocity),
                               .weight = weight_.enter(buffers.weight),
                               .mask = mask_.enter(buffers.mask)};
    plan.select(device, momentum, statistics_.enter(statistics, false), nullptr);
    wait();
    if (accumulates) residual_.leave(buffers.residual);
    velocity_.leave(velocity);
    mask_.leave(buffers.mask);
    statistics_.leave(statistics);
  }

  std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                   std::span<float> residual, std::span<float> velocity,
                   std::span<float> packed) override {
    if (!kept_.data()) kept_ = DeviceArray<std::uint64_t>(1);
    plan_for(segments).pack(mask_.enter(mask), residual_.enter(residual), velocity_.enter(velocity),
                            packed_.enter(packed, false), kept_.data(), nullptr);
    std::uint64_t kept = 0;
    require(cudaMemcpy(&kept, kept_.data(), sizeof kept, cudaMemcpyDeviceToHost),
            "reading the number of packed elements");
    residual_.leave(residual);
    velocity_.leave(velocity);
    packed_.leave(packed.first(kept));
    return kept;
  }

  void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
              std::span<const float> packed, std::span<float> target) override {
    plan_for(segments).unpack(mask_.enter(mask), packed_.enter(packed), residual_.enter(target),
                              nullptr);
    wait();
    residual_.leave(target);
  }

 private:
  Plan& plan_for(std::span<const Segment> segments) {
    if (!plan_ || !std::ranges::equal(plan_->segments(), segments, same_geometry))
      plan_.emplace(segments);
    return *plan_;
  }

  static void wait() { require(cudaStreamSynchronize(nullptr), "waiting for the device"); }

  std::optional<Plan> plan_;
  Stage<float> gradient_, residual_, velocity_, weight_, packed_;
  Stage<MaskWord> mask_;
  Stage<Statistics> statistics_;
  DeviceArray<std::uint64_t> kept_;
};

}  // namespace

std::string unavailable() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) {
    cudaGetLastError();
    int driver = 0;
    if (cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0)
      return "there is no driver of NVIDIA";
    return cudaGetErrorString(status);
  }
  if (devices == 0) return "there is no GPU";
  if (!built_for_current_device()) return "this build has no code for the GPU";
  return {};
}

std::unique_ptr<Engine> make_engine() { return std::make_unique<CudaEngine>(); }

}  // namespace ringsim::prune::cuda

namespace ringsim::prune {

const EngineDefinition cuda_engine{
    .name = "cuda",
    .description = "GPUs of NVIDIA",
    .memory = EngineMemory::device,
    .unavailable = cuda::unavailable,
    .make = [](std::size_t /*threads*/) { return cuda::make_engine(); }};

}  // namespace ringsim::prune
