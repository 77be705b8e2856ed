#include "base/child_process.hpp"

#include "base/error.hpp"
#include "base/free_memory.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ringsim {
namespace {

// The first character of what a child writes says what the rest is.
constexpr char returned = '+';
constexpr char failed = '-';
constexpr char failed_by_user = '!';

/// What was written to its end.
std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t count = read(file, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
}

void write_all(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = write(file, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) std::_Exit(1);
    done += static_cast<std::size_t>(written);
  }
}

[[noreturn]] void run_child(int file, const std::function<std::string()>& work) {
  std::string text;
  try {
    text = returned + work();
  } catch (const UserError& error) {
    text = fmt::format("{}{}", failed_by_user, error.what());
  } catch (const std::exception& error) {
    text = fmt::format("{}{}", failed, failure_text(error));
  }
  write_all(file, text);
  std::fflush(nullptr);
  std::_Exit(0);
}

}  // namespace

pid_t fork_dependent() {
  const pid_t parent = getpid();
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw RunError(fmt::format("cannot start a process ({})", std::strerror(errno)));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) std::_Exit(1);  // it has ended already
  }
  return child;
}

int status_at_end(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

ChildOutput call_in_child(const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0)
    throw RunError(fmt::format("cannot make a pipe ({})", std::strerror(errno)));
  const pid_t child = fork_dependent();
  if (child == 0) {
    close(ends[0]);
    run_child(ends[1], work);
  }
  close(ends[1]);
  const auto text = read_all(ends[0]);
  close(ends[0]);
  const int status = status_at_end(child);
  if (WIFSIGNALED(status)) return {{}, true, false, WTERMSIG(status)};
  if (text.empty()) return {"the process ended without a word", true, false, {}};
  return {text.substr(1), text.front() != returned, text.front() == failed_by_user, {}};
}

std::string text_or_throw(const ChildOutput& output, std::string_view what) {
  if (output.signal) {
    throw RunError(fmt::format("{} was killed by signal {} ({})", what, *output.signal,
                               strsignal(*output.signal)));
  }
  if (output.user_error) throw UserError({}, output.text);
  if (output.failed) throw RunError(output.text);
  return output.text;
}

}  // namespace ringsim
