#include "traces/run_folder.hpp"

#include "base/child_process.hpp"
#include "base/error.hpp"
#include "traces/summary.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

namespace {

/// How many renames and removals of files this process may still begin; then it is killed.
int calls_left = -1;

void count_call() {
  if (calls_left == 0) raise(SIGKILL);
  if (calls_left > 0) --calls_left;
}

}  // namespace

// In place of the C library's, for std::filesystem too.
extern "C" int rename(const char* from, const char* to) noexcept {
  count_call();
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}
extern "C" int remove(const char* path) noexcept {
  count_call();
  if (unlink(path) == 0) return 0;
  return rmdir(path);
}

using namespace ringsim;

namespace fs = std::filesystem;

namespace {

struct Root {
  Root() : path(fs::temp_directory_path() / ("ringsim-folder-" + std::to_string(getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Root() { fs::remove_all(path); }
  fs::path path;
};

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

}  // namespace

TEST_CASE("a run's files appear together", "[folder]") {
  const Root root;
  const auto path = root.path / "a" / "b";
  {
    RunFolder folder(path);
    folder.write(StalenessRow{"fc1", 2, 3});
    CHECK(!fs::exists(path / "staleness.csv"));
    folder.commit(Summary());
  }
  CHECK(names_in(path) == std::set<std::string>{"layers.csv", "links.csv", "staleness.csv",
                                                "steps.csv", "summary.json"});
  CHECK(read_file(path / "staleness.csv") == "layer,age_steps,parameters\nfc1,2,3\n");
  CHECK(read_file(path / "links.csv") == "link,bytes,busy_s,utilization\n");
}

TEST_CASE("a run that is given up leaves nothing, and removes the folders that it made",
          "[folder]") {
  const Root root;
  { RunFolder folder(root.path / "a" / "b"); }
  CHECK(names_in(root.path).empty());
  fs::create_directories(root.path / "empty");
  { RunFolder folder(root.path / "empty"); }
  CHECK(names_in(root.path) == std::set<std::string>{"empty"});
  CHECK(names_in(root.path / "empty").empty());
}

TEST_CASE("a folder that holds something is refused", "[folder]") {
  const Root root;
  const std::string rest =
      "; a new or empty folder is accepted; choose another folder for -o, or remove this one";
  { RunFolder(root.path / "run").commit(Summary()); }
  CHECK_THROWS_WITH(RunFolder(root.path / "run"),
                    (root.path / "run").string() + ": holds another run (summary.json)" + rest);
  CHECK(names_in(root.path / "run").size() == 5);
  std::ofstream(root.path / "file") << "x";
  CHECK_THROWS_WITH(
      RunFolder(root.path / "file"),
      (root.path / "file").string() + ": is not a folder; a new or empty folder is accepted");
  CHECK_THROWS_WITH(RunFolder(root.path), root.path.string() + ": is not empty" + rest);
}

TEST_CASE("a folder that cannot be made or written to is an error before the run", "[folder]") {
  const Root root;
  std::ofstream(root.path / "file") << "x";
  const std::string rest =
      "; a folder that can be written to is accepted; choose another folder for -o";
  CHECK_THROWS_WITH(
      RunFolder(root.path / "file" / "run"),
      (root.path / "file" / "run").string() + ": cannot be created (Not a directory)" + rest);
  CHECK_THROWS_WITH(RunFolder("/proc/ringsim"),
                    "/proc/ringsim: cannot be created (No such file or directory)" + rest);
}

TEST_CASE("a run that is killed anywhere in its commit can be run again", "[folder]") {
  const Root root;
  const auto path = root.path / "run";
  const auto run = [&] {
    RunFolder folder(path, true);
    folder.write(StalenessRow{"fc1", 2, 3});
    folder.write(FaultRow{});
    folder.commit(Summary());
  };
  const auto is_killed_after = [&](int calls) {
    const pid_t child = fork_dependent();
    if (child == 0) {
      calls_left = calls;
      run();
      std::_Exit(0);
    }
    const int status = status_at_end(child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  };
  const std::set<std::string> whole = {"faults.csv",    "layers.csv",   "links.csv",    "steps.csv",
                                       "staleness.csv", "summary.json", "transfers.csv"};
  const auto table = path / "staleness.csv";
  int renames = 0;
  for (; is_killed_after(renames); ++renames) {
    CHECK(!fs::exists(path / "summary.json"));
    if (fs::exists(table)) CHECK(read_file(table) == "layer,age_steps,parameters\nfc1,2,3\n");
    run();
    CHECK(names_in(path) == whole);
    fs::remove_all(path);
  }
  CHECK(renames == 7);
  // The run that finds what was left is killed itself, at every point.
  fs::remove_all(path);
  REQUIRE(is_killed_after(3));
  CHECK(fs::exists(path / "steps.csv"));
  int calls = 0;
  while (is_killed_after(calls)) ++calls;
  CHECK(calls > renames);
  CHECK(names_in(path) == whole);
}

TEST_CASE("tables without a summary are a killed run's only beside what it left", "[folder]") {
  const Root root;
  std::ofstream(root.path / "steps.csv") << "of somebody else";
  CHECK_THROWS(RunFolder(root.path));
  CHECK(fs::exists(root.path / "steps.csv"));
  std::ofstream(root.path / "summary.json.1-0.partial") << "{";
  std::ofstream(root.path / "notes") << "x";
  CHECK_THROWS(RunFolder(root.path));
  CHECK(names_in(root.path).size() == 3);
  fs::remove(root.path / "notes");
  RunFolder(root.path).commit(Summary());
  CHECK(names_in(root.path).size() == 5);
}
