#include "models/prune/cuda/runtime.hpp"

#include "base/error.hpp"

#include <string>

namespace ringsim::prune::cuda {

void require(cudaError_t status, std::string_view what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next check would report it again
  throw RunError("cuda: " + std::string(what) + ": " + cudaGetErrorString(status));
}

}  // namespace ringsim::prune::cuda
