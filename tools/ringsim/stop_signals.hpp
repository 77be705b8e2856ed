#pragma once
#include <csignal>

namespace ringsim {

/// Turns Ctrl-C (SIGINT) and SIGTERM into a question while it lives; one at a time.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  /// The signal that has come, or 0.
  int signal() const;
  bool has_come() const { return signal() != 0; }
  /// What shells have for a program that a signal ended: 130 after Ctrl-C, 143 after SIGTERM.
  int exit_code() const { return 128 + signal(); }

 private:
  struct sigaction before_interrupt_ = {}, before_terminate_ = {};
};

}  // namespace ringsim
