#pragma once
// What will happen when, the earliest first.
#include <cstdint>
#include <vector>

namespace ringsim {

struct TimedEvent {
  double time;  ///< s
  std::uint32_t id;
};

/// A heap whose nodes have four children: half as deep as a binary one, and the children of a node
/// share a cache line.
class EventHeap {
 public:
  bool is_empty() const { return events_.empty(); }
  const TimedEvent& top() const { return events_.front(); }
  void clear() { events_.clear(); }

  void push(double time, std::uint32_t id) {
    std::size_t hole = events_.size();
    events_.push_back({time, id});
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / children;
      if (events_[parent].time <= time) break;
      events_[hole] = events_[parent];
      hole = parent;
    }
    events_[hole] = {time, id};
  }

  void pop() {
    const TimedEvent last = events_.back();
    events_.pop_back();
    if (!events_.empty()) sink(last);
  }

  /// The earliest event happens later than it was said to.
  void postpone_top(double time) { sink({time, events_.front().id}); }

 private:
  static constexpr std::size_t children = 4;

  /// Fills the hole at the top with `event`.
  void sink(const TimedEvent& event) {
    const std::size_t count = events_.size();
    std::size_t hole = 0;
    for (;;) {
      const std::size_t first = children * hole + 1;
      if (first >= count) break;
      std::size_t least = first;
      const std::size_t end = first + children < count ? first + children : count;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (events_[child].time < events_[least].time) least = child;
      }
      if (events_[least].time >= event.time) break;
      events_[hole] = events_[least];
      hole = least;
    }
    events_[hole] = event;
  }

  std::vector<TimedEvent> events_;
};

}  // namespace ringsim
