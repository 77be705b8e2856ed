#include "sim/simgrid/stacks.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace ringsim;

namespace {

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("actors whose stacks have no room are refused by the limit that is the nearer",
          "[simgrid]") {
  // Two mappings, and 8 MiB with a page of 4 KiB, a stack.
  const std::uint64_t stack = 8'392'704;
  CHECK(!too_many_actors(32'509, {.mappings = 65'018, .address_bytes = unlimited}));
  CHECK(!too_many_actors(1000, {.mappings = 65'018, .address_bytes = 1000 * stack}));
  const auto by_mappings =
      too_many_actors(32'510, {.mappings = 65'018, .address_bytes = unlimited});
  REQUIRE(by_mappings);
  CHECK(by_mappings->found ==
        "SimGrid needs 32510 stacks, one per stream of a rank, and this process can have 32509 "
        "(/proc/sys/vm/max_map_count)");
  CHECK(by_mappings->fix == "give fewer `ranks`, or raise this limit");
  const auto by_addresses = too_many_actors(1000, {65'018, 1000 * stack - 1});
  REQUIRE(by_addresses);
  CHECK(by_addresses->found ==
        "SimGrid needs 1000 stacks, one per stream of a rank, and this process can have 999 "
        "(ulimit -v)");
}
