#include "topologies/link.hpp"

#include <algorithm>

namespace ringsim {

MessageSpeed speed_of(const Link& link, Bytes message) {
  MessageSpeed speed{link.latency, link.bandwidth};
  if (!link.extras) return speed;
  for (const auto& piece : link.extras->pieces) {
    if (message < piece.from) break;
    speed = {piece.latency, piece.bandwidth};
  }
  return speed;
}

std::vector<Change<BytesPerSecond>> capacity_over_time(const Link& link) {
  std::vector<Change<BytesPerSecond>> changes = {{{}, link.bandwidth}};
  if (!link.extras) return changes;
  for (const auto& change : link.extras->profile) {
    if (change.at == changes.back().at) changes.pop_back();  // a change at 0 s
    changes.push_back(change);
  }
  for (const auto& outage : link.extras->outages) {
    const auto later_than = [](Seconds at, const auto& change) { return at < change.at; };
    const auto after = std::upper_bound(changes.begin(), changes.end(), outage.until, later_than);
    const BytesPerSecond resumed = std::prev(after)->value;
    const auto first =
        std::find_if(changes.begin(), after, [&](const auto& c) { return c.at >= outage.from; });
    const auto place = changes.erase(first, after);
    changes.insert(place, {{outage.from, {0}}, {outage.until, resumed}});
  }
  return changes;
}

double capacity_until(const Link& link, Seconds end) {
  const auto changes = capacity_over_time(link);
  double bytes = 0;
  for (std::size_t i = 0; i < changes.size() && changes[i].at < end; ++i) {
    const Seconds until = i + 1 < changes.size() ? std::min(changes[i + 1].at, end) : end;
    bytes += changes[i].value.value * (until - changes[i].at).value;
  }
  return bytes;
}

}  // namespace ringsim
