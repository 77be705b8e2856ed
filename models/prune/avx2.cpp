#include "models/prune/x86_kernels.hpp"

namespace ringsim::prune {

const CpuKernels avx2_kernels = kernels;

}  // namespace ringsim::prune
