#include "traces/run_folder.hpp"

#include "base/error.hpp"
#include "traces/summary.hpp"

#include <catch2/catch.hpp>
#include <unistd.h>

#include <fstream>
#include <set>

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
