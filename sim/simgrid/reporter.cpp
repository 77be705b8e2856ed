#include "sim/simgrid/reporter.hpp"

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u/Engine.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace ringsim {

void Reporter::add(const TransferEvent& event) {
  transfers_.push_back(event);
  schedule();
}

void Reporter::add(const MarkEvent& event, std::function<void()> reported) {
  marks_.push_back({event, std::move(reported)});
  schedule();
}

void Reporter::schedule() {
  if (std::exchange(is_scheduled_, true)) return;
  // A timer that is due runs when no actor is left that can run at this instant.
  simgrid::kernel::timer::Timer::set(simgrid::s4u::Engine::get_clock(), [this] { flush(); });
}

void Reporter::flush() {
  is_scheduled_ = false;
  auto transfers = std::exchange(transfers_, {});
  auto marks = std::exchange(marks_, {});
  try {
    std::stable_sort(transfers.begin(), transfers.end(), [](const auto& a, const auto& b) {
      return std::tie(a.source, a.target) < std::tie(b.source, b.target);
    });
    std::stable_sort(marks.begin(), marks.end(),
                     [](const auto& a, const auto& b) { return a.event.rank < b.event.rank; });
    for (const auto& event : transfers) observer_.on_transfer(event);
    for (const auto& mark : marks) {
      if (observer_.on_mark) observer_.on_mark(mark.event);
      mark.reported();
    }
  } catch (...) {
    on_failure_();
  }
}

}  // namespace ringsim
