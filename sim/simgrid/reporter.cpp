#include "sim/simgrid/reporter.hpp"

#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u/Engine.hpp>

#include <utility>

namespace ringsim {

void Reporter::add(const DelayEvent& event) {
  instant_.add(event);
  schedule();
}

void Reporter::add(const TransferEvent& event) {
  instant_.add(event);
  schedule();
}

void Reporter::add(const CollectiveEvent& event) {
  instant_.add(event);
  schedule();
}

void Reporter::add(const MarkEvent& event, std::function<void()> reported) {
  instant_.add(event);
  reported_.push_back(std::move(reported));
  schedule();
}

void Reporter::schedule() {
  if (std::exchange(is_scheduled_, true)) return;
  // A timer that is due runs when no actor is left that can run at this instant.
  simgrid::kernel::timer::Timer::set(simgrid::s4u::Engine::get_clock(), [this] { flush(); });
}

void Reporter::flush() {
  is_scheduled_ = false;
  try {
    instant_.report(observer_);
    for (const auto& reported : std::exchange(reported_, {})) reported();
  } catch (...) {
    on_failure_();
  }
}

}  // namespace ringsim
