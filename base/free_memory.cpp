#include "base/free_memory.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <new>
#include <optional>
#include <string_view>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

/// The number that a file holds alone; nothing where it has none ("max").
std::optional<std::uint64_t> number_in(const fs::path& path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

/// The number behind `key` in a file of lines "key number ...".
std::optional<std::uint64_t> number_after(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const auto digits = line.find_first_of("0123456789", key.size());
    std::uint64_t number = 0;
    if (digits == std::string::npos) return std::nullopt;
    std::from_chars(line.data() + digits, line.data() + line.size(), number);
    return number;
  }
  return std::nullopt;
}

void take_less(FreeMemory& least, std::uint64_t bytes, std::string limit) {
  if (bytes < least.bytes.count) least = {{bytes}, std::move(limit)};
}

std::uint64_t left_of(std::uint64_t most, std::uint64_t used) {
  return most > used ? most - used : 0;
}

/// How a version of control groups names its files.
struct GroupFiles {
  std::string_view most, used, cache;  ///< `cache`: key of memory.stat of what can be given back
};
constexpr GroupFiles version_1 = {"memory.limit_in_bytes", "memory.usage_in_bytes",
                                  "total_inactive_file "};
constexpr GroupFiles version_2 = {"memory.max", "memory.current", "inactive_file "};

/// Looks at the group `name` below `mount`, and at those that it is in.
void take_less_of_groups(FreeMemory& least, const fs::path& mount, fs::path name,
                         const GroupFiles& files) {
  for (;; name = name.parent_path()) {
    const auto folder = mount / name.relative_path();
    const auto most = number_in(folder / files.most);
    const auto used = number_in(folder / files.used);
    if (most && used) {
      const auto cache = number_after(folder / "memory.stat", files.cache).value_or(0);
      take_less(least, left_of(*most, left_of(*used, cache)),
                fmt::format("control group {}", name.string()));
    }
    if (name == name.parent_path()) return;
  }
}

void take_less_of_groups(FreeMemory& least, const fs::path& root) {
  const auto mounts = root / "sys/fs/cgroup";
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    // "4:memory:/name" in the first version, "0::/name" in the second.
    const auto controllers = line.find(':');
    const auto name = line.find(':', controllers + 1);
    if (controllers == std::string::npos || name == std::string::npos) continue;
    const auto what = std::string_view(line).substr(controllers + 1, name - controllers - 1);
    const fs::path group = line.substr(name + 1);
    if (what == "memory") take_less_of_groups(least, mounts / "memory", group, version_1);
    if (what.empty()) take_less_of_groups(least, mounts, group, version_2);
  }
}

/// Looks at a limit of this process. Column `column` of /proc/self/statm says how much is used.
void take_less_of_limit(FreeMemory& least, int resource, const fs::path& root, std::size_t column,
                        std::string name) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return;
  if (limit.rlim_cur == RLIM_INFINITY) return;
  std::ifstream file(root / "proc/self/statm");
  std::array<std::uint64_t, 6> pages{};
  for (auto& count : pages) file >> count;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  take_less(least, left_of(limit.rlim_cur, pages.at(column) * page), std::move(name));
}

}  // namespace

FreeMemory free_memory(const fs::path& root) {
  FreeMemory least{{std::numeric_limits<std::uint64_t>::max()}, "nothing"};
  constexpr std::uint64_t kibi = 1024;
  if (const auto left = number_after(root / "proc/meminfo", "MemAvailable:"))
    take_less(least, kibi * *left, "MemAvailable of /proc/meminfo");
  take_less_of_groups(least, root);
  constexpr std::size_t all = 0, data = 5;
  take_less_of_limit(least, RLIMIT_AS, root, all, "ulimit -v");
  take_less_of_limit(least, RLIMIT_DATA, root, data, "ulimit -d");
  return least;
}

std::string failure_text(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) == nullptr) return error.what();
  return "the machine gives no more memory; fewer ranks, a smaller model, fewer jobs or a higher "
         "limit (ulimit -v) is needed";
}

}  // namespace ringsim
