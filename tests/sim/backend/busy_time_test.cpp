#include "sim/backend/busy_time.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("busy time is the length of the union, in whatever order intervals began",
          "[busy_time]") {
  BusyTime busy;
  for (int i = 0; i < 5; ++i) busy.begin();
  busy.end({1}, {2});
  busy.end({4}, {5});
  busy.end({6}, {7});
  // 4.5 to 8 joins the last two; 0 to 9 covers everything.
  busy.end({4.5}, {8});
  SECTION("and the rest apart") {
    busy.end({8.5}, {9});
    CHECK(busy.total().value == 1 + 4 + 0.5);  // 1-2, 4-8, 8.5-9
  }
  SECTION("all covered") {
    busy.end({0}, {9});
    CHECK(busy.total().value == 9);
  }
  SECTION("touching") {
    busy.end({8}, {9});
    CHECK(busy.total().value == 6);
  }
}

TEST_CASE("busy times of transfers that never overlap add up", "[busy_time]") {
  BusyTime busy;
  for (int i = 0; i < 3; ++i) {
    busy.begin();
    busy.end({2.0 * i}, {2.0 * i + 1});
  }
  CHECK(busy.total().value == 3);
  // Two that overlap count once, whatever comes after them.
  for (int i = 0; i < 2; ++i) busy.begin();
  busy.end({10}, {12});
  busy.end({13}, {14});
  CHECK(busy.total().value == 3 + 2 + 1);
  busy.begin();
  busy.end({20}, {21});
  CHECK(busy.total().value == 3 + 2 + 1 + 1);
}
