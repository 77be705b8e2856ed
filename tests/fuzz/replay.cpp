// Feeds files to the readers that their folders are named after, without a fuzzer:
// `fuzz_replay FOLDER...` takes every FOLDER/READER/*. Fails where a reader ends by anything but an
// error for users, takes more than 5 seconds of a processor, or the process takes more than 2 GiB.
#include "base/files.hpp"
#include "tests/fuzz/readers.hpp"

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace ringsim;

constexpr time_t most_seconds = 5;
std::string current;  ///< the file that is fed

/// Time of a processor, as other processes may have it, too; 0: no limit.
void limit_time(time_t seconds) {
  const itimerval limit{{0, 0}, {seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

/// Names the file that a crash or a time-out is about.
extern "C" void say_which(int number) {
  constexpr const char* message = "\nthe input is ";
  [[maybe_unused]] auto ignored = write(2, message, std::char_traits<char>::length(message));
  ignored = write(2, current.data(), current.size());
  ignored = write(2, "\n", 1);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  return entries;
}

/// Whether the reader ended as it should.
bool replay(const fuzz::Reader& reader, const fs::path& file) {
  current = file.string();
  const auto bytes = read_file(file);
  limit_time(most_seconds);
  try {
    fuzz::feed(reader, bytes);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", current.c_str(), error.what());
    return false;
  }
  limit_time(0);
  return true;
}

void limit_memory() {
#ifndef __SANITIZE_ADDRESS__
  const rlimit most{rlim_t{2} << 30, rlim_t{2} << 30};
  setrlimit(RLIMIT_AS, &most);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  for (const int number : {SIGPROF, SIGSEGV, SIGABRT, SIGFPE, SIGBUS})
    std::signal(number, say_which);
  limit_memory();
  std::size_t files = 0, wrong = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& folder : sorted_entries(argv[i])) {
      if (!fs::is_directory(folder)) continue;
      const auto* reader = fuzz::find_reader(folder.filename().string());
      if (reader == nullptr) {
        std::fprintf(stderr, "%s: there is no such reader\n", folder.c_str());
        ++wrong;
        continue;
      }
      for (const auto& file : sorted_entries(folder)) {
        ++files;
        if (!replay(*reader, file)) ++wrong;
      }
    }
  }
  std::printf("%zu inputs of %zu readers, %zu wrong\n", files, fuzz::readers().size(), wrong);
  return wrong == 0 && files > 0 ? 0 : 1;
}
