#include "sim/simgrid/stacks.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string_view>

namespace ringsim {
namespace {

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

// SimGrid's default (contexts/stack-size), with a page below it that must not be touched: a mapping
// of its own.
constexpr std::uint64_t bytes_per_stack = (8 << 20) + 4096;
constexpr std::uint64_t mappings_per_stack = 2;
// For what is no stack: libraries and large blocks of memory.
constexpr std::uint64_t other_mappings = 512;

std::uint64_t left_of(std::uint64_t most, std::uint64_t used) {
  return most > used ? most - used : 0;
}

std::uint64_t first_number_in(const char* path, std::uint64_t otherwise) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  return file >> number ? number : otherwise;
}

}  // namespace

StackRoom stack_room() {
  rlimit addresses{};
  const bool is_limited =
      getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return {left_of(first_number_in("/proc/sys/vm/max_map_count", unlimited), other_mappings),
          is_limited ? left_of(addresses.rlim_cur, first_number_in("/proc/self/statm", 0) * page)
                     : unlimited};
}

std::optional<BackendRefusal> too_many_actors(std::uint64_t actors, const StackRoom& room) {
  const auto refusal = [&](std::uint64_t most, std::string_view limit) {
    return BackendRefusal{
        fmt::format("SimGrid needs {} stacks, one per stream of a rank, and this process can have "
                    "{} ({})",
                    actors, most, limit),
        "give fewer `ranks`, or raise this limit"};
  };
  const auto by_mappings = room.mappings / mappings_per_stack;
  const auto by_addresses = room.address_bytes / bytes_per_stack;
  if (actors <= by_mappings && actors <= by_addresses) return std::nullopt;
  return by_mappings < by_addresses ? refusal(by_mappings, "/proc/sys/vm/max_map_count")
                                    : refusal(by_addresses, "ulimit -v");
}

}  // namespace ringsim
