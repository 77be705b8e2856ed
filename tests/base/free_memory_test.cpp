#include "base/free_memory.hpp"

#include "base/child_process.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <limits>

using namespace ringsim;

namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("free memory is what the machine and the control groups leave", "[free_memory]") {
  const TemporaryFolder folder;
  const auto& root = folder.path();
  CHECK(free_memory(root).bytes.count == std::numeric_limits<std::uint64_t>::max());
  write(root / "proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:    5000 kB\n");
  CHECK(free_memory(root).bytes == Bytes{5000 * 1024});
  CHECK(free_memory(root).limit == "MemAvailable of /proc/meminfo");

  // The second version: the group itself has no limit, the one that it is in has. What it keeps of
  // files can be given back.
  const auto groups = root / "sys/fs/cgroup";
  write(root / "proc/self/cgroup", "0::/outer/inner\n");
  write(groups / "outer/inner/memory.max", "max\n");
  write(groups / "outer/inner/memory.current", "1000\n");
  write(groups / "outer/memory.max", "4000000\n");
  write(groups / "outer/memory.current", "3000000\n");
  write(groups / "outer/memory.stat", "anon 5\ninactive_file 500000\nactive_file 7\n");
  CHECK(free_memory(root).bytes == Bytes{1'500'000});
  CHECK(free_memory(root).limit == "control group /outer");

  // The first version, whose group lies elsewhere inside a container: the mount's own limit counts.
  write(root / "proc/self/cgroup", "4:memory:/elsewhere\n3:cpu,cpuacct:/\n");
  write(groups / "memory/memory.limit_in_bytes", "2000000\n");
  write(groups / "memory/memory.usage_in_bytes", "1900000\n");
  write(groups / "memory/memory.stat", "inactive_file 1\ntotal_inactive_file 20000\n");
  CHECK(free_memory(root).bytes == Bytes{120'000});
  write(groups / "memory/memory.usage_in_bytes", "2900000\n");
  CHECK(free_memory(root).bytes == Bytes{0});
}

TEST_CASE("free memory is what the process's own limits leave", "[free_memory]") {
  const auto said = call_in_child([] {
    // More than a sanitizer has mapped: all that there is.
    const rlimit limit{std::uint64_t{1} << 47, std::uint64_t{1} << 47};
    setrlimit(RLIMIT_AS, &limit);
    const TemporaryFolder folder;
    write(folder.path() / "proc/self/statm", "1000 2 3 4 5 600 7\n");
    const auto free = free_memory(folder.path());
    const auto page = static_cast<std::uint64_t>(getpagesize());
    return free.limit + (free.bytes.count == limit.rlim_cur - 1000 * page ? ", right" : ", wrong");
  });
  CHECK(said.text == "ulimit -v, right");
}
