// The same 256-bit vectors, but 32 registers and fused multiply-add: the sums need 16 registers.
// Vectors of 512 bits were slower.
#include "models/prune/x86_kernels.hpp"

namespace ringsim::prune {

const CpuKernels avx512_kernels = kernels;

}  // namespace ringsim::prune
