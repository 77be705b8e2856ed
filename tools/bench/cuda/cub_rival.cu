// The same job as select() and pack() with CUB, as a shared library that bench_engine.py calls: one
// kernel accumulates and writes a flag per element, cub::DeviceSelect::Flagged packs, one kernel
// clears. Statistics are left out.
#include <cstdint>
#include <cub/device/device_select.cuh>

namespace {

constexpr unsigned threads = 256;

/// flag[i] = |r| > threshold * max(|w|, floor), four elements per thread. `vectors` float4.
__global__ void __launch_bounds__(threads)
    accumulate_and_flag(const float4* gradient, float4* residual, const float4* weight,
                        uchar4* flags, float threshold, float floor, std::int64_t vectors) {
  const std::int64_t i = std::int64_t{blockIdx.x} * threads + threadIdx.x;
  if (i >= vectors) return;
  const float4 g = gradient[i], w = weight[i];
  float4 r = residual[i];
  const auto test = [&](float& residual_value, float gradient_value, float weight_value) {
    residual_value += gradient_value;
    const float scale = fmaxf(fabsf(weight_value), floor);
    return static_cast<unsigned char>(fabsf(residual_value) > threshold * scale ? 1 : 0);
  };
  const uchar4 flag = make_uchar4(test(r.x, g.x, w.x), test(r.y, g.y, w.y), test(r.z, g.z, w.z),
                                  test(r.w, g.w, w.w));
  residual[i] = r;
  flags[i] = flag;
}

__global__ void __launch_bounds__(threads)
    clear_flagged(float* residual, const uchar4* flags, std::int64_t vectors) {
  const std::int64_t i = std::int64_t{blockIdx.x} * threads + threadIdx.x;
  if (i >= vectors) return;
  const uchar4 flag = flags[i];
  if (flag.x) residual[4 * i] = 0;
  if (flag.y) residual[4 * i + 1] = 0;
  if (flag.z) residual[4 * i + 2] = 0;
  if (flag.w) residual[4 * i + 3] = 0;
}

unsigned blocks(std::int64_t vectors) {
  return static_cast<unsigned>((vectors + threads - 1) / threads);
}

}  // namespace

extern "C" {

/// Bytes of working memory that the other functions take for `elements`.
std::size_t cub_rival_workspace(std::int64_t elements) {
  std::size_t bytes = 0;
  cub::DeviceSelect::Flagged(nullptr, bytes, static_cast<float*>(nullptr),
                             static_cast<unsigned char*>(nullptr), static_cast<float*>(nullptr),
                             static_cast<std::int64_t*>(nullptr), elements);
  return bytes;
}

/// `elements` is a multiple of 4; buffers are aligned to 16 bytes. Returns a cudaError_t.
int cub_rival_select(const float* gradient, float* residual, const float* weight,
                     unsigned char* flags, float threshold, float floor, std::int64_t elements,
                     void* stream) {
  const std::int64_t vectors = elements / 4;
  accumulate_and_flag<<<blocks(vectors), threads, 0, static_cast<cudaStream_t>(stream)>>>(
      reinterpret_cast<const float4*>(gradient), reinterpret_cast<float4*>(residual),
      reinterpret_cast<const float4*>(weight), reinterpret_cast<uchar4*>(flags), threshold, floor,
      vectors);
  return cudaGetLastError();
}

int cub_rival_pack(float* residual, const unsigned char* flags, float* packed, std::int64_t* kept,
                   std::int64_t elements, void* workspace, std::size_t bytes, void* stream) {
  const auto on = static_cast<cudaStream_t>(stream);
  const cudaError_t status =
      cub::DeviceSelect::Flagged(workspace, bytes, residual, flags, packed, kept, elements, on);
  if (status != cudaSuccess) return status;
  const std::int64_t vectors = elements / 4;
  clear_flagged<<<blocks(vectors), threads, 0, on>>>(
      residual, reinterpret_cast<const uchar4*>(flags), vectors);
  return cudaGetLastError();
}
}
