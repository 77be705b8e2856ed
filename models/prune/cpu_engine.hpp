#pragma once
#include "models/prune/cpu_kernels.hpp"
#include "models/prune/engine.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace ringsim::prune {

/// An engine of these kernels on `threads` threads (0: one per core). Results are the same for
/// every number of threads. `name` outlives it.
std::unique_ptr<Engine> make_cpu_engine(std::string_view name, const CpuKernels& kernels,
                                        std::size_t threads);

}  // namespace ringsim::prune
