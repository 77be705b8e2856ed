#include "base/error.hpp"
#include "models/prune/cuda/pack.cuh"
#include "models/prune/cuda/plan.hpp"
#include "models/prune/cuda/select.cuh"

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace ringsim::prune::cuda {

// Not nameless: nvcc calls what is in a nameless namespace by the folder of its source, and a build
// in another folder would differ.
inline namespace plan_file {

/// Launches `kernel`. `overlapping`: its blocks may start while the kernel before still runs, until
/// they wait for it (wait_for_launch_before()).
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), std::size_t blocks, unsigned threads,
            cudaStream_t stream, bool overlapping, Arguments... arguments) {
  if (blocks == 0) return;
  check(blocks <= 0x7fffffffU, "a launch of more blocks than CUDA has");
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(threads);
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = overlapping ? 1 : 0;
  require(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...), "launching a kernel");
}

template <class T>
DeviceArray<T> to_device(const std::vector<T>& values) {
  DeviceArray<T> array(values.size());
  if (!values.empty())
    require(
        cudaMemcpy(array.data(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
        "copying a plan to the device");
  return array;
}

std::vector<Limits> limits_of(std::span<const Segment> segments) {
  std::vector<Limits> limits;
  limits.reserve(segments.size());
  for (const Segment& segment : segments) limits.push_back({segment.threshold, segment.floor});
  return limits;
}

template <Input input>
void launch_select(const SelectArguments& arguments, unsigned threads, cudaStream_t stream) {
  const std::size_t blocks = std::size_t{arguments.tile_count} + 1;
  switch (threads) {
    case 256:
      return launch(select_kernel<256, input>, blocks, threads, stream, false, arguments);
    case 512:
      return launch(select_kernel<512, input>, blocks, threads, stream, false, arguments);
    case 1024:
      return launch(select_kernel<1024, input>, blocks, threads, stream, false, arguments);
    default:
      check(false, "select has 256, 512 or 1024 threads");
  }
}

/// Kernels are loaded when first used, which must not happen while a stream is captured.
template <class... Kernels>
void load(Kernels... kernels) {
  cudaFuncAttributes attributes{};
  (require(cudaFuncGetAttributes(&attributes, kernels), "loading the kernels"), ...);
}

template <Input input>
void load_select() {
  load(select_kernel<256, input>, select_kernel<512, input>, select_kernel<1024, input>);
}

bool current_device_overlaps_launches() {
  int device = 0, major = 0;
  require(cudaGetDevice(&device), "asking for the device");
  require(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
          "asking for the compute capability");
  return major >= 9;
}

}  // namespace plan_file

Plan::Plan(std::span<const Segment> segments)
    : segments_(segments.begin(), segments.end()),
      select_tiles_(to_device(make_tiles(segments, select_tile))),
      pack_tiles_(to_device(make_tiles(segments, pack_tile))),
      limits_(to_device(limits_of(segments))),
      partials_(columns * select_tiles_.size()),
      counts_before_(pack_tiles_.size()),
      group_counts_((pack_tiles_.size() + count_group - 1) / count_group),
      overlaps_launches_(current_device_overlaps_launches()) {
  check(select_tiles_.size() < 0x7fffffffU, "a plan of more chunks than CUDA has blocks");
  load_select<Input::test_only>();
  load_select<Input::gradient>();
  load_select<Input::gradient_and_velocity>();
  load(count_kernel, move_kernel<Move::pack>, move_kernel<Move::unpack>, count_tiles_kernel,
       unite_kernel);
  static_assert(absent == ~Partial{0});  // bytes of 0xff
  if (partials_.size() != 0)
    require(cudaMemset(partials_.data(), 0xff, partials_.size() * sizeof(Partial)),
            "preparing a plan");
  // The plan may be used on any stream, and not all wait for the default one.
  require(cudaStreamSynchronize(nullptr), "preparing a plan");
}

void Plan::set_limits(std::span<const Segment> segments, cudaStream_t stream) {
  check(segments.size() == segments_.size(), "limits are those of the plan's segments");
  const std::vector<Limits> limits = limits_of(segments);
  if (limits.empty()) return;
  require(cudaMemcpyAsync(limits_.data(), limits.data(), limits.size() * sizeof(Limits),
                          cudaMemcpyHostToDevice, stream),
          "copying thresholds to the device");
}

void Plan::copy_limits(const float* thresholds, const float* floors, cudaStream_t stream) {
  if (segments_.empty()) return;
  const auto copy = [&](float Limits::*member, const float* values) {
    require(cudaMemcpy2DAsync(&(limits_.data()->*member), sizeof(Limits), values, sizeof *values,
                              sizeof *values, segments_.size(), cudaMemcpyDeviceToDevice, stream),
            "copying limits on the device");
  };
  copy(&Limits::threshold, thresholds);
  copy(&Limits::floor, floors);
}

void Plan::select(const DeviceBuffers& buffers, float momentum, Statistics* statistics,
                  cudaStream_t stream) {
  check(buffers.gradient || !buffers.velocity, "a velocity is accumulated from a gradient");
  if (segments_.empty()) return;
  const SelectArguments arguments{.gradient = buffers.gradient,
                                  .residual = buffers.residual,
                                  .velocity = buffers.velocity,
                                  .weight = buffers.weight,
                                  .mask = buffers.mask,
                                  .tiles = select_tiles_.data(),
                                  .limits = limits_.data(),
                                  .partials = partials_.data(),
                                  .statistics = statistics,
                                  .tile_count = static_cast<unsigned>(select_tiles_.size()),
                                  .momentum = momentum};
  if (!buffers.gradient) {
    launch_select<Input::test_only>(arguments, select_threads_, stream);
  } else if (!buffers.velocity) {
    launch_select<Input::gradient>(arguments, select_threads_, stream);
  } else {
    launch_select<Input::gradient_and_velocity>(arguments, select_threads_, stream);
  }
}

Counts Plan::counts() const { return {counts_before_.data(), group_counts_.data()}; }

void Plan::count(const MaskWord* mask, cudaStream_t stream) {
  launch(count_kernel, group_counts_.size(), 32 * count_group, stream, false, mask,
         pack_tiles_.data(), static_cast<unsigned>(pack_tiles_.size()), counts());
}

void Plan::pack(const MaskWord* mask, float* residual, float* velocity, float* packed,
                std::uint64_t* kept, cudaStream_t stream) {
  if (segments_.empty() && kept)
    require(cudaMemsetAsync(kept, 0, sizeof *kept, stream), "writing the number of kept elements");
  count(mask, stream);
  const MoveArguments arguments{.mask = mask,
                                .tiles = pack_tiles_.data(),
                                .counts = counts(),
                                .tile_count = static_cast<unsigned>(pack_tiles_.size()),
                                .flat = residual,
                                .velocity = velocity,
                                .packed = packed,
                                .kept = kept};
  launch(move_kernel<Move::pack>, pack_tiles_.size(), detail::pack_threads, stream,
         overlaps_launches_, arguments);
}

void Plan::unpack(const MaskWord* mask, const float* packed, float* target, cudaStream_t stream) {
  count(mask, stream);
  const MoveArguments arguments{.mask = mask,
                                .tiles = pack_tiles_.data(),
                                .counts = counts(),
                                .tile_count = static_cast<unsigned>(pack_tiles_.size()),
                                .flat = target,
                                .velocity = nullptr,
                                .packed = const_cast<float*>(packed),
                                .kept = nullptr};
  launch(move_kernel<Move::unpack>, pack_tiles_.size(), detail::pack_threads, stream,
         overlaps_launches_, arguments);
}

void Plan::count_chunks(const MaskWord* mask, std::uint32_t* counts, cudaStream_t stream) const {
  constexpr unsigned tiles_per_block = 8;
  launch(count_tiles_kernel, (select_tiles_.size() + tiles_per_block - 1) / tiles_per_block,
         32 * tiles_per_block, stream, false, mask, select_tiles_.data(),
         static_cast<unsigned>(select_tiles_.size()), counts);
}

void Plan::set_select_threads(unsigned threads) {
  check(threads == 256 || threads == 512 || threads == 1024, "select has 256, 512 or 1024 threads");
  select_threads_ = threads;
}

bool built_for_current_device() {
  cudaFuncAttributes attributes{};
  const bool found = cudaFuncGetAttributes(&attributes, unite_kernel) == cudaSuccess;
  cudaGetLastError();
  return found;
}

void unite(MaskWord* mask, const MaskWord* other, std::size_t words, cudaStream_t stream) {
  constexpr unsigned threads = 256;
  launch(unite_kernel, (words + threads - 1) / threads, threads, stream, false, mask, other,
         std::uint64_t{words});
}

inline namespace plan_file {

/// Contract: accumulate_bare(). Grid: a float4, or a float, per thread.
template <class Vector>
__global__ void __launch_bounds__(512)
    bare_kernel(const float* gradient, const float* weight, float* residual, std::uint64_t count) {
  const std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const Vector g = __ldcs(reinterpret_cast<const Vector*>(gradient) + i);
  const Vector w = __ldcs(reinterpret_cast<const Vector*>(weight) + i);
  Vector r = reinterpret_cast<Vector*>(residual)[i];
  if constexpr (std::is_same_v<Vector, float4>) {
    r = make_float4(r.x + (g.x + w.x), r.y + (g.y + w.y), r.z + (g.z + w.z), r.w + (g.w + w.w));
  } else {
    r += g + w;
  }
  reinterpret_cast<Vector*>(residual)[i] = r;
}

}  // namespace plan_file

void accumulate_bare(const float* gradient, const float* weight, float* residual,
                     std::size_t elements, cudaStream_t stream) {
  constexpr unsigned threads = 512;
  const auto blocks = [](std::size_t count) { return (count + threads - 1) / threads; };
  const auto address = [](const float* buffer) { return reinterpret_cast<std::uintptr_t>(buffer); };
  const bool aligned = (address(gradient) | address(weight) | address(residual)) % 16 == 0;
  const std::size_t vectors = aligned ? elements / 4 : 0;
  launch(bare_kernel<float4>, blocks(vectors), threads, stream, false, gradient, weight, residual,
         std::uint64_t{vectors});
  const std::size_t rest = elements - 4 * vectors;
  launch(bare_kernel<float>, blocks(rest), threads, stream, false, gradient + 4 * vectors,
         weight + 4 * vectors, residual + 4 * vectors, std::uint64_t{rest});
}

}  // namespace ringsim::prune::cuda
