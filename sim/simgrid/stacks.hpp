#pragma once
// Room for the stacks of SimGrid's actors. SimGrid aborts the program where it cannot have one.
#include "sim/backend/backend.hpp"

#include <cstdint>
#include <optional>

namespace ringsim {

/// What this process can still have.
struct StackRoom {
  std::uint64_t mappings;       ///< of memory (/proc/sys/vm/max_map_count)
  std::uint64_t address_bytes;  ///< of addresses (RLIMIT_AS)
};
StackRoom stack_room();

/// Why SimGrid cannot run so many actors at a time, one per stream of a rank; nothing where it can.
std::optional<BackendRefusal> too_many_actors(std::uint64_t actors, const StackRoom& room);

}  // namespace ringsim
