#pragma once
// What happened at one moment of simulated time, to be reported in the order that Observer says.
#include "sim/backend/events.hpp"

#include <vector>

namespace ringsim {

class Instant {
 public:
  void add(const TransferEvent& event) { transfers_.push_back(event); }
  void add(const CollectiveEvent& event) { collectives_.push_back(event); }
  void add(const MarkEvent& event) { marks_.push_back(event); }
  void add(const DelayEvent& event) { delays_.push_back(event); }
  bool is_empty() const {
    return delays_.empty() && transfers_.empty() && collectives_.empty() && marks_.empty();
  }

  /// Reports everything and forgets it.
  void report(const Observer& observer);

 private:
  std::vector<DelayEvent> delays_;
  std::vector<TransferEvent> transfers_;
  std::vector<CollectiveEvent> collectives_;
  std::vector<MarkEvent> marks_;
};

}  // namespace ringsim
