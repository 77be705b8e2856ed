#pragma once
// How much more memory this process can have.
#include "base/units.hpp"

#include <filesystem>
#include <string>

namespace ringsim {

struct FreeMemory {
  Bytes bytes;
  std::string limit;  ///< what says so: "MemAvailable of /proc/meminfo", ...
};

/// The least of what the machine has left, what the control groups of this process (of either
/// version, with those that they are in) leave, and what its own limits (RLIMIT_AS, RLIMIT_DATA)
/// do. What cannot be found out limits nothing. `root`: where proc and sys lie.
FreeMemory free_memory(const std::filesystem::path& root = "/");

}  // namespace ringsim
