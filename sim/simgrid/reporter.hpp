#pragma once
// Tells the observer what happened, in order of simulated time.
#include "sim/backend/instant.hpp"

#include <functional>
#include <vector>

namespace ringsim {

/// SimGrid runs the actors that wake at one instant in an order of its own. The reporter keeps what
/// they report until all of them have run, and then tells it in order of rank, transfers first.
class Reporter {
 public:
  /// `on_failure` is called, in SimGrid's own context, inside the handler of an exception that the
  /// observer threw.
  Reporter(const Observer& observer, std::function<void()> on_failure)
      : observer_(observer), on_failure_(std::move(on_failure)) {}

  bool wants_delays() const { return static_cast<bool>(observer_.on_delay); }
  bool wants_transfers() const { return static_cast<bool>(observer_.on_transfer); }

  void add(const DelayEvent& event);
  void add(const TransferEvent& event);
  void add(const CollectiveEvent& event);
  /// `reported` is called after the observer has got the mark.
  void add(const MarkEvent& event, std::function<void()> reported);

  /// Tells what has happened up to now; the rest of this moment is told later.
  void flush();

 private:
  void schedule();

  const Observer& observer_;
  std::function<void()> on_failure_;
  bool is_scheduled_ = false;
  Instant instant_;
  std::vector<std::function<void()>> reported_;
};

}  // namespace ringsim
