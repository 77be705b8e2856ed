#pragma once
// Engines by name.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "models/prune/engine.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ringsim::prune {

/// Where the buffers that an engine works on lie. One that works on device memory takes buffers in
/// host memory too, and copies them there and back.
enum class EngineMemory { host, device };

struct EngineDefinition {
  std::string_view name;
  std::string_view description;
  EngineMemory memory;
  /// Why the engine cannot be used on this machine; empty where it can.
  std::string (*unavailable)();
  /// `threads` of the CPU (0: one per core); an engine that has no use for them ignores it.
  std::unique_ptr<Engine> (*make)(std::size_t threads);
};

/// All engines, the preferred ones first.
std::span<const EngineDefinition* const> engines();

/// The engine of this name. "auto" takes the one that the environment variable RINGSIM_ENGINE names
/// or, where that is not set (or "auto"), the first available that works on host memory. Throws
/// UserError, listing what is available, where the name (from `place`) is unknown or the engine
/// cannot be used.
const EngineDefinition& find_engine(std::string_view name,
                                    const Place& place = option_place("engine"));

/// find_engine(name).make(threads).
std::unique_ptr<Engine> make_engine(std::string_view name = "auto", std::size_t threads = 1);

}  // namespace ringsim::prune
