#pragma once
// Work in a process of its own.
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

namespace ringsim {

/// What a child process has said.
struct ChildOutput {
  std::string text;           ///< what the work returned, or the error's what()
  bool failed = false;        ///< the work threw
  std::optional<int> signal;  ///< the child was killed: there is no text
};

/// Calls `work` in a child process and waits for it. Throws RunError where no process can be
/// started.
ChildOutput call_in_child(const std::function<std::string()>& work);

/// Forks; in the child (0 is returned): it is killed when this process ends, whatever ends it.
/// Throws RunError where no process can be started.
pid_t fork_dependent();

}  // namespace ringsim
