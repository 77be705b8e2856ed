#pragma once
// How much more memory this process can have, and what is said where it gets none.
#include "base/units.hpp"

#include <exception>
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

/// What to tell people of an error: its text, and for std::bad_alloc, which has none of ours, that
/// memory was not enough.
std::string failure_text(const std::exception& error);

}  // namespace ringsim
