#pragma once
// All that a run says but for its transfers, as it is.
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace ringsim::test {

struct Heard {
  std::vector<double> times;
  std::vector<std::pair<double, std::tuple<int, Rank, std::uint64_t>>> events;
  PathTimes path;
};

/// What hears the events, and wants the critical path.
inline Observer hearing(Heard& heard) {
  return {.on_mark =
              [&heard](const MarkEvent& event) {
                heard.events.push_back({event.time.value, {0, event.rank, event.mark.step}});
              },
          .on_transfer = {},
          .on_collective =
              [&heard](const CollectiveEvent& event) {
                heard.events.push_back({event.start ? event.start->value : -1, {2, 0, event.step}});
                heard.events.push_back({event.end ? event.end->value : -1, {3, 0, event.step}});
              },
          .on_delay =
              [&heard](const DelayEvent& event) {
                heard.events.push_back({event.start.value, {1, event.rank, event.step}});
              },
          .wants_critical_path = true};
}

inline void hear(const BackendResult& result, Heard& heard) {
  heard.times.push_back(result.end.value);
  for (const auto& link : result.links) {
    heard.times.push_back(static_cast<double>(link.bytes.count));
    heard.times.push_back(link.busy.value);
  }
  heard.path = result.critical_path->times;
}

inline void check_same(const Heard& a, const Heard& b) {
  CHECK(a.times == b.times);
  CHECK(a.events == b.events);
  CHECK(a.path.local == b.path.local);
  REQUIRE(a.path.from_to.size() == b.path.from_to.size());
  for (const auto& [key, message] : a.path.from_to) {
    REQUIRE(b.path.from_to.contains(key));
    CHECK(b.path.from_to.at(key).latency == message.latency);
    CHECK(b.path.from_to.at(key).transfer == message.transfer);
  }
}

}  // namespace ringsim::test
