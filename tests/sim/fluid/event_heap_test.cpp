// The fluid engine's tables: events by time, and routes by their ends.
#include "sim/fluid/event_heap.hpp"

#include "base/random.hpp"
#include "sim/fluid/route_table.hpp"
#include "topologies/kinds/ring.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace ringsim;

namespace {

/// A heap beside the same events in a map; all that it says has to be so there.
struct Compared {
  EventHeap heap;
  std::map<double, std::set<EventHeap::EventId>> events;

  void push(double time, EventHeap::EventId id) {
    heap.push(time, id);
    events[time].insert(id);
  }
  void check() const {
    REQUIRE(heap.is_empty() == events.empty());
    if (events.empty()) return;
    REQUIRE(heap.time() == events.begin()->first);
    REQUIRE(events.begin()->second.contains(heap.next()));
  }
  EventHeap::EventId take_from_map() {
    const auto id = heap.next();
    events.begin()->second.erase(id);
    if (events.begin()->second.empty()) events.erase(events.begin());
    return id;
  }
  void pop() {
    take_from_map();
    heap.pop();
  }
  void postpone(double time) {
    const auto id = take_from_map();
    events[time].insert(id);
    heap.postpone(time);
  }
};

}  // namespace

TEST_CASE("events come in order of time, however many there are at one", "[event_heap]") {
  // With few times many events are equal, with many hardly any two.
  const auto times = GENERATE(5U, 40U, 100'000U);
  Random random(times, Purpose::compute_jitter);
  Compared compared;
  const auto draw = [&] { return 0.5 * static_cast<double>(random.below(times)); };
  for (EventHeap::EventId id = 0; id < 3000; ++id) {
    compared.push(draw(), id);
    compared.check();
    const auto what = random.below(4);
    if (what == 0) compared.pop();
    if (what == 1) compared.postpone(compared.heap.time() + draw());
    compared.check();
  }
  for (int i = 0; i < 500; ++i) {
    compared.postpone(compared.heap.time() + draw());
    compared.check();
  }
  while (!compared.heap.is_empty()) {
    compared.pop();
    compared.check();
  }
  compared.push(1, 7);
  compared.push(2, 8);
  compared.push(2, 9);
  compared.heap.clear();
  CHECK(compared.heap.is_empty());
}

TEST_CASE("a route has one number, in order of first use, among hundreds", "[route_table]") {
  const std::vector<Link> cables(20, Link{"link", {1e9}, {1e-6}});
  const auto ring = ring_topology("test", cables);
  RouteTable routes(ring);
  std::uint32_t count = 0;
  for (int again = 0; again < 2; ++again) {
    for (Rank source = 0; source < 20; ++source) {
      for (Rank target = 0; target < 20; ++target) {
        if (source == target) continue;
        const auto number = routes.find(source, target);
        REQUIRE(number == count++ % 380);
        CHECK(routes[number].source == source);
        CHECK(routes[number].target == target);
        CHECK(routes[number].route.links == ring.route(source, target).links);
      }
    }
  }
  CHECK(routes.entries().size() == 380);
}
