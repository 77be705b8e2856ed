#include "base/files.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

using namespace ringsim;

namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("ringsim-files-" + std::to_string(getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
  fs::path path;
};

}  // namespace

TEST_CASE("SHA-256 gives the known answers", "[files]") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // FIPS 180-2, appendix B.3: a million times "a".
  CHECK(sha256(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("a file appears whole at its commit", "[files]") {
  const Folder folder;
  {
    AtomicFile file(folder.path / "a.csv");
    file.write("one\n");
    CHECK(!fs::exists(folder.path / "a.csv"));
    file.write("two\n");
    AtomicFile moved(std::move(file));
    moved.commit();
    CHECK(read_file(folder.path / "a.csv") == "one\ntwo\n");
  }
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file that is not committed leaves nothing and replaces nothing", "[files]") {
  const Folder folder;
  std::ofstream(folder.path / "a.csv") << "old";
  { AtomicFile(folder.path / "a.csv").write("new"); }
  CHECK(read_file(folder.path / "a.csv") == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file that cannot be written is an error that names it, and nothing stays", "[files]") {
  const Folder folder;
  CHECK_THROWS_WITH(AtomicFile(folder.path / "missing" / "a.csv"),
                    (folder.path / "missing" / "a.csv").string() +
                        ": cannot be written (No such file or directory)");
  // A limit on the size of files stands in for a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 1 << 16;
  setrlimit(RLIMIT_FSIZE, &limit);
  const auto write_much = [&] {
    AtomicFile file(folder.path / "b.csv");
    for (int i = 0; i < 100; ++i) file.write(std::string(10'000, 'x'));
    file.commit();
  };
  CHECK_THROWS_WITH(write_much(),
                    (folder.path / "b.csv").string() + ": cannot be written (File too large)");
  CHECK(folder.entries() == 0);
}

TEST_CASE("a full disk is an error, and a folder is not replaced", "[files]") {
  const Folder folder;
  fs::create_directory(folder.path / "taken");
  fs::create_directory(folder.path / "taken" / "inner");
  const auto replace_folder = [&] {
    AtomicFile file(folder.path / "taken");
    file.write("x");
    file.commit();
  };
  CHECK_THROWS_WITH(replace_folder(),
                    (folder.path / "taken").string() + ": cannot be written (Is a directory)");
  CHECK(fs::is_directory(folder.path / "taken" / "inner"));
  CHECK(folder.entries() == 1);
  // What is small stays in the buffer until the commit, which must not hide that the disk is full.
  const auto name = "ringsim-full-" + std::to_string(getpid());
  fs::create_symlink("/dev/full", folder.path / name);
  const auto fill = [&] {
    AtomicFile file(folder.path / name);
    file.write("x");
    file.commit();
  };
  CHECK_THROWS_WITH(
      fill(), (folder.path / name).string() + ": cannot be written (No space left on device)");
  CHECK(folder.entries() == 2);
}

TEST_CASE("what another process writes is not abandoned, and what is left behind is", "[files]") {
  const Folder folder;
  AtomicFile file(folder.path / "a.csv");
  const auto partial = fs::directory_iterator(folder.path)->path();
  CHECK(!is_abandoned(partial, "a.csv"));
  CHECK(!is_abandoned(partial, "b.csv"));
  const auto left = folder.path / "a.csv.1-0.partial";
  std::ofstream(left) << "x";
  CHECK(is_abandoned(left, "a.csv"));
  file.commit();
  CHECK(!is_abandoned(folder.path / "a.csv", "a.csv"));
}

TEST_CASE("two paths lead to one file, whether it is there or not", "[files]") {
  const Folder folder;
  fs::create_symlink("new", folder.path / "link");
  CHECK(is_same_file(folder.path / "link", folder.path / "." / "new"));
  std::ofstream(folder.path / "new") << "x";
  CHECK(is_same_file(folder.path / "link", folder.path / "new"));
  CHECK(!is_same_file(folder.path / "other", folder.path / "new"));
}

TEST_CASE("a file is read up to its limit", "[files]") {
  const Folder folder;
  std::ofstream(folder.path / "a") << "12345678";
  CHECK(read_file(folder.path / "a", {}, 8) == "12345678");
  CHECK_THROWS_WITH(read_file(folder.path / "a", "a small file is accepted", 7),
                    (folder.path / "a").string() +
                        ": has 8B, more than the 7B that are read of such a file; a small file is "
                        "accepted");
  CHECK_THROWS_WITH(read_file("/dev/null"), "/dev/null: is a device; give a file or a pipe");
}

TEST_CASE("a missing file, and a folder in place of one, are errors", "[files]") {
  CHECK_THROWS_WITH(read_file("/nonexistent/x", "a topology file is accepted"),
                    "/nonexistent/x: no such file; a topology file is accepted");
  CHECK_THROWS_WITH(read_file("/tmp"), "/tmp: is a folder");
  const Folder folder;
  const auto loop = folder.path / "loop";
  fs::create_symlink(loop, loop);
  CHECK_THROWS_WITH(read_file(loop),
                    loop.string() + ": cannot be read (Too many levels of symbolic links)");
}
