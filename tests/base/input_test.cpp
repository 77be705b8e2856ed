// Files that are read to their end, and the rows of their tables.
#include "base/csv_reader.hpp"
#include "base/error.hpp"
#include "base/input_file.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <fstream>
#include <thread>

using namespace ringsim;

TEST_CASE("a pipe is read up to the limit of what is wanted of it", "[input_file]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const auto read_of = [&](const std::string& text, std::uint64_t most) {
    std::thread writer([&] { std::ofstream(path) << text; });
    std::string read;
    try {
      const InputFile file(path, "a list is accepted");
      read = file.read(most);
    } catch (const UserError& error) {
      read = error.what();
    }
    writer.join();
    return read;
  };
  CHECK(read_of("twelve bytes", 12) == "twelve bytes");
  CHECK(read_of("twelve bytes", 11) == path.string() +
                                           ": goes on after 11B, the most that is read of it; a "
                                           "list is accepted");
}

TEST_CASE("a file that cannot be read to its end is an error", "[input_file]") {
  // Nothing is mapped at the address 0.
  const InputFile memory("/proc/self/mem", "a list is accepted");
  CHECK_THROWS_WITH(memory.read(1000),
                    "/proc/self/mem: cannot be read (Input/output error); a list is accepted");
}

TEST_CASE("rows of cells are read, and their lines counted", "[csv_reader]") {
  CsvReader reader("a,b\r\n\"1\n\"\"2\"\"\n\n3\",c\nlast,", "t.csv");
  CHECK(reader.line() == 1);
  CHECK(reader.row() == std::vector<std::string>{"a", "b"});
  CHECK(reader.line() == 2);
  CHECK(reader.row() == std::vector<std::string>{"1\n\"2\"\n\n3", "c"});
  CHECK(reader.line() == 6);  // three ends of lines are quoted
  CHECK(!reader.is_at_end());
  CHECK(reader.row() == std::vector<std::string>{"last", ""});
  CHECK(reader.is_at_end());
  CsvReader broken("a\n\"b\" c", "t.csv");
  broken.row();
  CHECK_THROWS_WITH(broken.row(),
                    "t.csv: line 2: found text behind the cell \"b\"; cells with a comma between "
                    "each two are accepted");
  CsvReader open("a\n\"b\nc", "t.csv");
  open.row();
  CHECK_THROWS_WITH(open.row(), "t.csv: line 2: a quoted cell has no end");
}
