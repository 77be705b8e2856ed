#include "topologies/host.hpp"

namespace ringsim {

Seconds compute_end(const Host& host, Seconds start, Seconds work) {
  double speed = host.speed;
  for (const auto& change : host.speed_changes) {
    if (change.at > start) {
      const Seconds done = (change.at - start) * speed;
      if (done >= work) break;
      work = work - done;
      start = change.at;
    }
    speed = change.value;
  }
  return start + work / speed;
}

Seconds compute_time(const Host& host, Seconds start, Seconds work) {
  return host.speed_changes.empty() ? work / host.speed : compute_end(host, start, work) - start;
}

Seconds reduce_time(const Host& host, Bytes received) {
  return host.reduce_rate ? received / *host.reduce_rate : Seconds{};
}

}  // namespace ringsim
