#include "sim/backend/instant.hpp"

#include <algorithm>
#include <tuple>

namespace ringsim {

void Instant::report(const Observer& observer) {
  std::stable_sort(transfers_.begin(), transfers_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.source, a.target) < std::tie(b.source, b.target);
  });
  std::stable_sort(marks_.begin(), marks_.end(),
                   [](const auto& a, const auto& b) { return a.rank < b.rank; });
  std::stable_sort(delays_.begin(), delays_.end(),
                   [](const auto& a, const auto& b) { return a.rank < b.rank; });
  if (observer.on_delay) {
    for (const auto& event : delays_) observer.on_delay(event);
  }
  if (observer.on_transfer) {
    for (const auto& event : transfers_) observer.on_transfer(event);
  }
  if (observer.on_collective) {
    for (const auto& event : collectives_) observer.on_collective(event);
  }
  if (observer.on_mark) {
    for (const auto& event : marks_) observer.on_mark(event);
  }
  delays_.clear();
  transfers_.clear();
  collectives_.clear();
  marks_.clear();
}

}  // namespace ringsim
