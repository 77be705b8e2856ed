// What backends share: the order in which a moment is reported, calls under way, routes, costs.
#include "sim/backend/instant.hpp"

#include "sim/backend/call_tracker.hpp"
#include "sim/backend/message_cost.hpp"
#include "sim/backend/route_cache.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("a moment is reported kind by kind, in order of rank, once", "[instant]") {
  Instant instant;
  CHECK(instant.is_empty());
  const auto mark = [](Rank rank) { return MarkEvent{rank, {}, {1}}; };
  const auto transfer = [](Rank source, Rank target) {
    return TransferEvent{0, {}, 0, 0, source, target, {}, {0}, {1}};
  };
  const auto delay = [](Rank rank, std::uint64_t step) {
    return DelayEvent{rank, DelayKind::compute, step, {0}, {1}};
  };
  instant.add(mark(2));
  instant.add(mark(0));
  instant.add(CollectiveEvent{0, {}, 0, {}, {}});
  instant.add(transfer(1, 2));
  instant.add(transfer(1, 0));
  instant.add(transfer(0, 1));
  instant.add(delay(2, 7));
  instant.add(delay(1, 8));
  instant.add(delay(2, 6));  // of one rank, in the order in which they were added
  CHECK(!instant.is_empty());
  std::string told;
  const Observer observer = {
      .on_mark = [&](const MarkEvent& event) { told += "m" + std::to_string(event.rank) + " "; },
      .on_transfer =
          [&](const TransferEvent& event) {
            told += "t" + std::to_string(event.source) + std::to_string(event.target) + " ";
          },
      .on_collective = [&](const CollectiveEvent&) { told += "c "; },
      .on_delay =
          [&](const DelayEvent& event) {
            told += "d" + std::to_string(event.rank) + std::to_string(event.step) + " ";
          }};
  instant.report(observer);
  CHECK(told == "d18 d27 d26 t01 t10 t12 c m0 m2 ");
  CHECK(instant.is_empty());
  instant.report(observer);
  CHECK(told == "d18 d27 d26 t01 t10 t12 c m0 m2 ");
  instant.add(mark(1));
  instant.add(delay(1, 1));
  instant.report({});  // nobody is told
  CHECK(instant.is_empty());
}

TEST_CASE("a call lasts from its first message to its last, and ends with its last rank",
          "[call_tracker]") {
  CallTracker calls(2);
  const auto begin = [&](std::uint64_t number) {
    CollectiveCall call;
    call.step = 10 + number;
    calls.begin(number, call);
  };
  begin(0);
  begin(0);  // the other rank
  begin(1);  // a rank is ahead
  calls.add_message(0, {3}, {4});
  calls.add_message(1, {5}, {9});
  calls.add_message(0, {1}, {2});
  calls.add_message(0, {2}, {6});
  CHECK(!calls.finish(0));
  const auto first = calls.finish(0);
  REQUIRE(first);
  CHECK(first->step == 10);
  CHECK(first->start == Seconds{1});
  CHECK(first->end == Seconds{6});
  begin(1);
  calls.add_message(1, {6}, {7});
  begin(2);  // no message
  CHECK(!calls.finish(1));
  const auto second = calls.finish(1);
  REQUIRE(second);
  CHECK(second->step == 11);
  CHECK(second->start == Seconds{5});
  CHECK(second->end == Seconds{9});
  CHECK(!calls.finish(2));
  const auto third = calls.finish(2);
  REQUIRE(third);
  CHECK(third->step == 12);
  CHECK(!third->start);
  CHECK(!third->end);
}

TEST_CASE("a route is looked up once, and stays where it is", "[route_cache]") {
  RouteCache<int> routes(3);
  int filled = 0;
  const auto at = [&](Rank source, Rank target) -> int& {
    return routes.at(source, target, [&](int& entry) { entry = ++filled; });
  };
  int* const first = &at(0, 1);
  CHECK(*first == 1);
  CHECK(&at(0, 1) == first);
  CHECK(at(0, 2) == 2);
  CHECK(&at(0, 1) == first);
  CHECK(at(1, 0) == 3);
  CHECK(at(0, 0) == 4);  // rank 0 is a target like others
  CHECK(filled == 4);
}

TEST_CASE("a message costs what the links or its passage say", "[message_cost]") {
  const auto ring = uniform_ring(3, 1e9, 1e-6);
  const auto route = ring.route(0, 1);
  const auto plain = message_cost(ring, route, Bytes{5000}, nullptr);
  CHECK(plain.latency == Seconds{1e-6});
  CHECK(plain.work == 5000);
  const Passage passage{{3e-6}, 1.5};
  CHECK(message_cost(ring, route, Bytes{5000}, &passage).latency == Seconds{3e-6});
  CHECK(message_cost(ring, route, Bytes{5000}, &passage).work == 7500);
  CHECK(message_cost(ring, route, Bytes{0}, &passage).work == 1);  // so that it flows
}
