#include "models/prune/cpu_kernels.hpp"

namespace ringsim::prune {

#if defined(__x86_64__)
bool avx2_supported() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("popcnt");
}

bool avx512_supported() {
  return avx2_supported() && __builtin_cpu_supports("fma") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl");
}
#else
bool avx2_supported() { return false; }
bool avx512_supported() { return false; }
const CpuKernels avx2_kernels{};
const CpuKernels avx512_kernels{};
#endif

}  // namespace ringsim::prune
