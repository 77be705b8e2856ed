#pragma once
// The transfers that a backend reports, and whether links can carry them and share them fairly.
#include "sim/backend/backend.hpp"
#include "tests/child.hpp"
#include "tests/sim/backend/max_min.hpp"
#include "tests/sim/backend/programs.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace ringsim::test {

/// A transfer that a backend has reported; bytes flow from `from` to `end`.
struct Passed {
  double start, from, end, bytes;
  std::vector<LinkId> links;
};

inline std::vector<Passed> passed_on(const BackendDefinition& backend, const Topology& topology,
                                     const Phases& phases) {
  const auto child = run_child([&] {
    std::vector<double> numbers;
    backend.run(topology, make_program(phases), {.on_transfer = [&](const TransferEvent& event) {
                  numbers.insert(
                      numbers.end(),
                      {static_cast<double>(event.source), static_cast<double>(event.target),
                       event.start.value, event.end.value, static_cast<double>(event.bytes.count)});
                }});
    return numbers;
  });
  if (!child.error.empty()) throw std::runtime_error(child.error);
  std::vector<Passed> all;
  for (std::size_t i = 0; i < child.values.size(); i += 5) {
    const auto* values = &child.values[i];
    const auto route = topology.route(static_cast<Rank>(values[0]), static_cast<Rank>(values[1]));
    all.push_back({values[2], values[2] + route.latency.value, values[3], values[4], route.links});
  }
  return all;
}

/// The most that any link carries in any interval, over what it can carry: the bytes of the
/// messages that flow wholly inside the interval. All intervals that begin with one and end with
/// one are looked at.
inline double highest_load(const Topology& topology, const std::vector<Passed>& transfers) {
  double highest = 0;
  for (LinkId link = 0; link < topology.links().size(); ++link) {
    std::vector<const Passed*> by_end;
    for (const auto& transfer : transfers) {
      if (std::ranges::find(transfer.links, link) != transfer.links.end())
        by_end.push_back(&transfer);
    }
    std::ranges::sort(by_end, {}, [](const auto* transfer) { return transfer->end; });
    for (const auto* first : by_end) {
      double bytes = 0;
      for (const auto* transfer : by_end) {
        if (transfer->from < first->from) continue;
        bytes += transfer->bytes;
        // The times are rounded.
        const double time = transfer->end - first->from + 4e-16 * transfer->end;
        if (bytes > 0)
          highest = std::max(highest, bytes / (time * topology.links()[link].bandwidth.value));
      }
    }
  }
  return highest;
}

/// How far a transfer's end is from that of max-min sharing, in relation to the end.
inline double farthest_from_max_min(const Topology& topology,
                                    const std::vector<Passed>& transfers) {
  std::vector<double> capacity;
  for (const auto& link : topology.links()) capacity.push_back(link.bandwidth.value);
  std::vector<Flow> flows;
  std::vector<double> ends;
  for (const auto& transfer : transfers) {
    if (transfer.bytes == 0) continue;
    flows.push_back({transfer.from, transfer.bytes, transfer.links});
    ends.push_back(transfer.end);
  }
  const auto right = max_min_ends(capacity, flows);
  double farthest = 0;
  for (std::size_t i = 0; i < ends.size(); ++i)
    farthest = std::max(farthest, std::abs(ends[i] - right[i]) / right[i]);
  return farthest;
}

}  // namespace ringsim::test
