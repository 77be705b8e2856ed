#pragma once
// Max-min fair sharing of links, written as plainly as it goes, to compare backends with.
#include "topologies/topology.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ringsim::test {

/// Bytes that flow over links from a moment on.
struct Flow {
  double from;
  double bytes;
  std::vector<LinkId> links;
};

/// Progressive filling (Bertsekas & Gallager, "Data Networks", 6.5.2): all rates grow alike; where
/// a link is full, those of its flows stay.
inline std::vector<double> max_min_rates(std::vector<double> capacity,
                                         const std::vector<const Flow*>& flows) {
  std::vector<double> rates(flows.size());
  std::vector<bool> is_fixed(flows.size());
  const auto uses = [&](std::size_t flow, LinkId link) {
    return std::ranges::find(flows[flow]->links, link) != flows[flow]->links.end();
  };
  for (;;) {
    double least = std::numeric_limits<double>::infinity();
    LinkId full = 0;
    for (LinkId link = 0; link < capacity.size(); ++link) {
      double count = 0;
      for (std::size_t flow = 0; flow < flows.size(); ++flow) {
        if (!is_fixed[flow] && uses(flow, link)) ++count;
      }
      if (count == 0 || capacity[link] / count >= least) continue;
      least = capacity[link] / count;
      full = link;
    }
    if (std::isinf(least)) return rates;
    for (std::size_t flow = 0; flow < flows.size(); ++flow) {
      if (is_fixed[flow] || !uses(flow, full)) continue;
      is_fixed[flow] = true;
      rates[flow] = least;
      for (const LinkId link : flows[flow]->links) capacity[link] -= least;
    }
  }
}

/// When each flow ends.
inline std::vector<double> max_min_ends(const std::vector<double>& capacity,
                                        const std::vector<Flow>& flows) {
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<double> ends(flows.size(), never), left;
  for (const auto& flow : flows) left.push_back(flow.bytes);
  for (double now = 0;;) {
    double next = never;
    std::vector<const Flow*> active;
    std::vector<std::size_t> numbers;
    for (std::size_t flow = 0; flow < flows.size(); ++flow) {
      if (ends[flow] != never) continue;
      if (flows[flow].from > now) {
        next = std::min(next, flows[flow].from);
      } else {
        active.push_back(&flows[flow]);
        numbers.push_back(flow);
      }
    }
    if (active.empty() && next == never) return ends;
    const auto rates = max_min_rates(capacity, active);
    for (std::size_t i = 0; i < active.size(); ++i)
      next = std::min(next, now + left[numbers[i]] / rates[i]);
    for (std::size_t i = 0; i < active.size(); ++i) {
      auto& rest = left[numbers[i]];
      if (now + rest / rates[i] <= next) ends[numbers[i]] = next;
      rest -= rates[i] * (next - now);
    }
    now = next;
  }
}

}  // namespace ringsim::test
