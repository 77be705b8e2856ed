#pragma once
// Everything that a backend reports, as numbers that can cross the border of a process.
#include "sim/backend/backend.hpp"
#include "tests/child.hpp"
#include "tests/sim/backend/programs.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace ringsim::test {

using RunFunction = BackendResult (*)(const Topology&, const Program&, const Observer&);

/// The run's end; bytes and busy time per link; then what happened, in an order that does not
/// depend on times, each as what it is (5 numbers) and when (1 or 2).
inline std::vector<double> record(RunFunction backend, const Topology& topology,
                                  const Program& program, bool with_transfers) {
  using Key = std::array<double, 6>;
  std::map<Key, std::vector<double>> events;
  const auto number = [](auto value) { return static_cast<double>(value); };
  double latest = 0;
  bool in_order = true;
  const auto see = [&](double time) {
    in_order = in_order && time >= latest;
    latest = time;
  };
  Observer observer;
  observer.on_mark = [&](const MarkEvent& event) {
    see(event.time.value);
    events[{0, number(event.mark.step), number(event.mark.bucket), number(event.rank),
            number(event.mark.kind), 0}]
        .push_back(event.time.value);
  };
  observer.on_collective = [&](const CollectiveEvent& event) {
    auto& list = events[{1, number(event.step), number(event.bucket),
                         number(event.phase.text().size()), 0, 0}];
    list.push_back(event.start ? event.start->value : -1);
    list.push_back(event.end ? event.end->value : -1);
  };
  if (with_transfers) {
    observer.on_transfer = [&](const TransferEvent& event) {
      see(event.end.value);
      auto& list = events[{2, number(event.step), number(event.bucket), number(event.round),
                           number(event.source), number(event.target)}];
      list.push_back(number(event.bytes.count));
      list.push_back(event.start.value);
      list.push_back(event.end.value);
    };
  }
  observer.on_delay = [&](const DelayEvent& event) {
    auto& list = events[{3, number(event.step), number(event.rank), number(event.kind), 0, 0}];
    list.push_back(event.start.value);
    list.push_back(event.duration.value);
  };
  observer.wants_critical_path = with_transfers;
  const auto result = backend(topology, program, observer);
  std::vector<double> numbers = {result.end.value, in_order ? 1.0 : 0.0};
  if (with_transfers) numbers.push_back(result.critical_path->times.total().value);
  for (const auto& link : result.links) {
    numbers.push_back(number(link.bytes.count));
    numbers.push_back(link.busy.value);
  }
  for (auto& [key, times] : events) {
    numbers.insert(numbers.end(), key.begin(), key.end());
    numbers.insert(numbers.end(), times.begin(), times.end());
  }
  return numbers;
}

}  // namespace ringsim::test
