#pragma once
// The time during which at least one transfer flows over a link.
#include "base/units.hpp"

#include <vector>

namespace ringsim {

/// The length of the union of intervals that are known only when they end. Memory grows with the
/// intervals that came while others were open, not with all of them.
class BusyTime {
 public:
  /// A transfer has started; it will flow later.
  void begin() { ++open_; }
  /// One of those that have begun flowed from `from` to `to`, which is not before any earlier `to`.
  void end(Seconds from, Seconds to) {
    while (!intervals_.empty() && intervals_.back().to >= from) {
      if (intervals_.back().from < from) from = intervals_.back().from;
      intervals_.pop_back();
    }
    if (--open_ > 0) {
      intervals_.push_back({from, to});
      return;
    }
    total_ += to - from;
    for (const auto& interval : intervals_) total_ += interval.to - interval.from;
    intervals_.clear();
  }
  Seconds total() const { return total_; }

 private:
  struct Interval {
    Seconds from, to;
  };
  std::size_t open_ = 0;
  std::vector<Interval> intervals_;  ///< disjoint, in order
  Seconds total_;
};

}  // namespace ringsim
