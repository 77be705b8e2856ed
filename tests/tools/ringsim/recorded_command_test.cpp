#include "tools/ringsim/recorded_command.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("a recorded command is read with its quotes", "[recorded_command]") {
  const RecordedCommand command(
      "ringsim run --scheme iwp --density=1/64 --bucket 25MiB -o 'my '\\''own'\\'' folder' --quiet "
      "--seed 1..5");
  CHECK(command.value_of("scheme") == "iwp");
  CHECK(command.value_of("density") == "1/64");
  CHECK(command.value_of("bucket") == "25MiB");
  CHECK(command.value_of("values") == std::nullopt);
  const auto options = command.run_options();
  REQUIRE(options);
  CHECK(options->scheme == "iwp");
  CHECK(is_given(*options, "bucket"));
  CHECK_FALSE(is_given(*options, "seed"));
}

TEST_CASE("what is no run of this version has no options", "[recorded_command]") {
  CHECK_FALSE(RecordedCommand("").run_options());
  CHECK_FALSE(RecordedCommand("ringsim scan --scheme dense").run_options());
  CHECK_FALSE(RecordedCommand("ringsim run --scheme gone").run_options());
  // A value that begins like an option is a value.
  CHECK(RecordedCommand("ringsim run --scheme dense -o --collective").run_options()->collective ==
        "auto");
}
