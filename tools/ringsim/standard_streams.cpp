#include "tools/ringsim/standard_streams.hpp"

#include "base/error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ringsim {

void take_standard_descriptors() {
  // In this order each gets the lowest descriptor that is free: its own.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // What is open for reading alone cannot be written to.
    int taken = open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
    if (taken < 0) taken = open("/", O_RDONLY | O_DIRECTORY);
    if (taken != stream) std::_Exit(1);
  }
}

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void finish_stdout() {
  errno = 0;
  const bool is_flushed = std::fflush(stdout) == 0;
  const int error = errno;
  if (is_flushed && std::ferror(stdout) == 0) return;
  throw RunError(fmt::format("standard output: cannot be written ({})",
                             error != 0 ? std::strerror(error) : "an earlier write failed"));
}

}  // namespace ringsim
