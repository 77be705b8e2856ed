#include "base/input_file.hpp"

#include "base/error.hpp"
#include "base/units.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace ringsim {
namespace {

/// How long a pipe may have no writer, and one that has a writer nothing to read.
constexpr int writer_wait_ms = 500, data_wait_ms = 60'000;
/// Read in blocks: byte by byte, a sixth of a short run with sanitizers went here.
constexpr std::size_t block_bytes = std::size_t{1} << 16;

/// Whether there is something to read, or its end, within the time.
bool has_data(int file, int milliseconds) {
  pollfd waited{file, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&waited, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path, std::string_view accepted)
    : path_(path.string()), accepted_(accepted), file_(-1) {
  struct stat status = {};
  if (stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) wrong("no such file");
    wrong(fmt::format("cannot be read ({})", std::strerror(errno)));
  }
  if (S_ISDIR(status.st_mode)) wrong("is a folder");
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode))
    wrong(S_ISSOCK(status.st_mode) ? "is a socket" : "is a device", "give a file or a pipe");
  // A pipe without a writer would otherwise be waited for here.
  file_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) wrong(fmt::format("cannot be read ({})", std::strerror(errno)));
}

InputFile::~InputFile() {
  if (file_ >= 0) close(file_);
}

std::string InputFile::read(std::uint64_t most) const {
  struct stat status = {};
  fstat(file_, &status);
  if (S_ISFIFO(status.st_mode)) {
    auto bytes = first_of_pipe();
    append_rest(bytes, std::min(most, most_of_pipe));
    return bytes;
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > most) {
    wrong(fmt::format("has {}, more than the {} that are read of such a file", format(Bytes{size}),
                      format(Bytes{most})));
  }
  std::string bytes;
  bytes.reserve(size);
  append_rest(bytes, most);
  return bytes;
}

std::string InputFile::first_of_pipe() const {
  // Where no writer has come yet, nothing is ready, not even an end. Reading then finds an end
  // where there is still none, and is told to try again where one is slow.
  const bool is_ready = has_data(file_, writer_wait_ms);
  char byte = 0;
  const ssize_t count = ::read(file_, &byte, 1);
  if (count == 0 && !is_ready) wrong("is a pipe that nothing writes to");
  return std::string(static_cast<std::size_t>(std::max<ssize_t>(0, count)), byte);
}

void InputFile::append_rest(std::string& bytes, std::uint64_t most) const {
  for (std::vector<char> block(block_bytes);;) {
    const ssize_t count = ::read(file_, block.data(), block.size());
    if (count == 0) return;
    if (count > 0) {
      if (bytes.size() + static_cast<std::size_t>(count) > most)
        wrong(fmt::format("goes on after {}, the most that is read of it", format(Bytes{most})));
      bytes.append(block.data(), static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      if (!has_data(file_, data_wait_ms)) wrong("is a pipe into which nothing came for a minute");
    } else if (errno != EINTR) {
      wrong(fmt::format("cannot be read ({})", std::strerror(errno)));
    }
  }
}

void InputFile::wrong(std::string_view found, std::string_view fix) const {
  throw UserError({path_, {}}, found, accepted_, fix);
}

}  // namespace ringsim
