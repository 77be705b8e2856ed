#include "tests/fuzz/input_folder.hpp"

#include "tests/temporary_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace ringsim::fuzz {
namespace {

namespace fs = std::filesystem;

/// Files in memory cost a fuzzer a tenth of the time of those on a disk.
const fs::path& folder() {
  static const TemporaryFolder made = [] {
    std::error_code error;
    if (std::getenv("TMPDIR") == nullptr && fs::is_directory("/dev/shm", error))
      setenv("TMPDIR", "/dev/shm", 0);
    return TemporaryFolder();
  }();
  return made.path();
}

}  // namespace

fs::path write_input(std::string_view name, std::string_view bytes) {
  auto path = folder() / name;
  if (name.find('/') != std::string_view::npos) fs::create_directories(path.parent_path());
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  check(file >= 0, "an input can be written");
  check(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
        "an input is written whole");
  close(file);
  return path;
}

void expect_accepted(std::string_view what, const std::function<void()>& use) {
  try {
    use();
  } catch (const UserError& error) {
    check(false, std::string(what) + " is refused: " + error.what());
  }
}

std::vector<std::string_view> parts_of(std::string_view bytes, std::size_t count) {
  constexpr std::string_view divider = "\n%%\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const auto end = bytes.find(divider);
    parts.push_back(bytes.substr(0, end));
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + divider.size());
  }
  parts.push_back(bytes);
  return parts;
}

}  // namespace ringsim::fuzz
