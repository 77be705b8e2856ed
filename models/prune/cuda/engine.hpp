#pragma once
// The engine on CUDA behind the interface of all engines.
#include "models/prune/dispatch.hpp"
#include "models/prune/engine.hpp"

#include <memory>
#include <string>

namespace ringsim::prune {

namespace cuda {

/// Why CUDA cannot be used on this machine (no driver, no GPU, one too old for this build); empty
/// where it can.
std::string unavailable();
inline bool available() { return unavailable().empty(); }

/// An engine on the device that is current now. Takes buffers in device memory as they are; buffers
/// in host memory are copied to the device and back, which takes far longer than pruning. Each call
/// returns when its results are there. For calls that only enqueue kernels see cuda/plan.hpp.
/// Throws RunError where CUDA reports an error.
std::unique_ptr<Engine> make_engine();

}  // namespace cuda

extern const EngineDefinition cuda_engine;

}  // namespace ringsim::prune
