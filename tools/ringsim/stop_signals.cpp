#include "tools/ringsim/stop_signals.hpp"

namespace ringsim {
namespace {

volatile std::sig_atomic_t last_signal = 0;

extern "C" void remember_signal(int signal) { last_signal = signal; }

}  // namespace

StopSignals::StopSignals() {
  last_signal = 0;
  struct sigaction action = {};
  action.sa_handler = remember_signal;
  sigemptyset(&action.sa_mask);
  // Without SA_RESTART: whoever waits is woken.
  sigaction(SIGINT, &action, &before_interrupt_);
  sigaction(SIGTERM, &action, &before_terminate_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &before_interrupt_, nullptr);
  sigaction(SIGTERM, &before_terminate_, nullptr);
}

int StopSignals::signal() const { return last_signal; }

}  // namespace ringsim
