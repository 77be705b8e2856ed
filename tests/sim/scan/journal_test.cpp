#include "sim/scan/journal.hpp"

#include "base/files.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using namespace ringsim;

namespace {

using Rows = std::map<std::uint32_t, std::string>;

/// Failed rows are marked by "!".
Rows texts(const std::map<std::uint32_t, DoneRow>& rows) {
  Rows result;
  for (const auto& [point, row] : rows) result[point] = row.text + (row.failed ? "!" : "");
  return result;
}

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("a journal keeps rows", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "points.journal";
  {
    Journal journal(path, "manifest");
    journal.add(7, {false, "7,\"a\nb\"\n"});
    journal.add(2, {true, "2,error\n"});
    journal.sync();
    CHECK_THROWS_WITH(Journal(path, "manifest"),
                      folder.path().string() +
                          ": another process scans into this folder; wait for "
                          "it, or choose another folder for -o");
  }
  CHECK(texts(Journal(path, "manifest").rows()) == Rows{{2, "2,error\n!"}, {7, "7,\"a\nb\"\n"}});
  CHECK(texts(Journal::read(path, "manifest")) == Rows{{2, "2,error\n!"}, {7, "7,\"a\nb\"\n"}});
}

TEST_CASE("a journal that is cut off anywhere keeps what was whole, and goes on", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "points.journal";
  std::vector<std::size_t> ends;
  {
    Journal journal(path, "manifest");
    ends.push_back(read_file(path).size());
    for (std::uint32_t point = 0; point < 3; ++point) {
      journal.add(point, {false, std::string(10 * point + 1, 'x')});
      ends.push_back(read_file(path).size());
    }
  }
  const auto whole = read_file(path);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write(path, whole.substr(0, size));
    const auto kept = static_cast<std::size_t>(
        std::count_if(ends.begin() + 1, ends.end(), [&](std::size_t end) { return end <= size; }));
    Journal journal(path, "manifest");
    REQUIRE(journal.rows().size() == kept);
    for (auto point = static_cast<std::uint32_t>(kept); point < 3; ++point)
      journal.add(point, {false, std::string(10 * point + 1, 'x')});
    REQUIRE(read_file(path) == whole);
  }
}

TEST_CASE("a journal ends at a byte that has changed", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "points.journal";
  std::size_t first_end = 0;
  {
    Journal journal(path, "manifest");
    journal.add(0, {false, "first\n"});
    first_end = read_file(path).size();
    journal.add(1, {false, "second\n"});
  }
  const auto whole = read_file(path);
  for (std::size_t at = first_end; at < whole.size(); ++at) {
    auto bytes = whole;
    bytes[at] ^= 1;
    write(path, bytes);
    REQUIRE(texts(Journal::read(path, "manifest")) == Rows{{0, "first\n"}});
  }
}

TEST_CASE("a journal of another manifest is begun anew", "[scan]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "points.journal";
  { Journal(path, "manifest").add(0, {false, "row\n"}); }
  CHECK(Journal::read(path, "another").empty());
  CHECK(Journal(path, "another").rows().empty());
  CHECK(Journal::read(path, "manifest").empty());
}
