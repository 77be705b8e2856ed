#include "models/prune/cpu_kernels.hpp"

namespace ringsim::prune {

#if defined(__x86_64__)
bool avx2_supported() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("popcnt");
}
#else
bool avx2_supported() { return false; }
const CpuKernels avx2_kernels{};
void avx2_accumulate_bare(const float*, const float*, float*, std::size_t) {}
#endif

}  // namespace ringsim::prune
