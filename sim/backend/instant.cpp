#include "sim/backend/instant.hpp"

#include <algorithm>
#include <tuple>

namespace ringsim {
namespace {

/// Forgets the events. What the ranks of a large program did in one moment is not kept room for.
template <class Event>
void forget(std::vector<Event>& events) {
  constexpr std::size_t most_kept = 1 << 12;
  if (events.capacity() > most_kept) {
    events = std::vector<Event>();
  } else {
    events.clear();
  }
}

}  // namespace

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
  forget(delays_);
  forget(transfers_);
  forget(collectives_);
  forget(marks_);
}

}  // namespace ringsim
