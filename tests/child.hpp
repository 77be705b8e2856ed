#pragma once
// SimGrid allows one run per process: a test that needs more forks one child for each.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ringsim::test {

/// What a child process computed: numbers, or the message of what it threw.
struct ChildResult {
  std::vector<double> values;
  std::string error;
};

inline ChildResult run_child(const std::function<std::vector<double>()>& compute) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("pipe failed");
  std::fflush(stdout);  // or the child writes it once more
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    close(ends[0]);
    std::string bytes;
    try {
      const auto values = compute();
      bytes.assign(1, 'v');
      bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    } catch (const std::exception& error) {
      bytes = std::string("e") + error.what();
    }
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t written = write(ends[1], bytes.data() + done, bytes.size() - done);
      if (written <= 0) break;
      done += static_cast<std::size_t>(written);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string bytes;
  char block[4096];
  for (ssize_t count; (count = read(ends[0], block, sizeof block)) > 0;)
    bytes.append(block, static_cast<std::size_t>(count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || bytes.empty()) throw std::runtime_error("the child process crashed");
  ChildResult result;
  if (bytes[0] == 'e') {
    result.error = bytes.substr(1);
  } else {
    result.values.resize((bytes.size() - 1) / sizeof(double));
    std::copy(bytes.begin() + 1, bytes.end(), reinterpret_cast<char*>(result.values.data()));
  }
  return result;
}

}  // namespace ringsim::test
