#pragma once
// Collective calls that are under way.
#include "sim/backend/events.hpp"

#include <algorithm>
#include <deque>

namespace ringsim {

/// The calls that the ranks make on one stream. All make the same calls in the same order; a rank
/// may be ahead of another one. A rank counts its calls from 0 on.
class CallTracker {
 public:
  explicit CallTracker(Rank ranks) : ranks_(ranks) {}

  void begin(std::uint64_t number, const CollectiveCall& call) {
    if (number == first_ + calls_.size()) {
      calls_.push_back({{call.step, call.phase, call.bucket, {}, {}}, ranks_});
    }
  }
  void add_message(std::uint64_t number, Seconds start, Seconds end) {
    auto& event = calls_[number - first_].event;
    event.start = event.start ? std::min(*event.start, start) : start;
    event.end = event.end ? std::max(*event.end, end) : end;
  }
  /// One more rank has done its part: the event, when it was the last one.
  std::optional<CollectiveEvent> finish(std::uint64_t number) {
    auto& call = calls_[number - first_];
    if (--call.ranks_left > 0) return std::nullopt;
    // The last rank to end this call has ended all calls before it.
    const auto event = call.event;
    calls_.pop_front();
    ++first_;
    return event;
  }

 private:
  struct Call {
    CollectiveEvent event;
    Rank ranks_left;
  };
  Rank ranks_;
  std::uint64_t first_ = 0;  ///< number of the first one in calls_
  std::deque<Call> calls_;
};

}  // namespace ringsim
