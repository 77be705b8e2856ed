#pragma once
// Work in a process of its own.
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ringsim {

/// What a child process has said.
struct ChildOutput {
  std::string text;           ///< what the work returned, or the error's what()
  bool failed = false;        ///< the work threw, or the child ended without an answer
  bool user_error = false;    ///< what the work threw was a UserError
  std::optional<int> signal;  ///< the child was killed: there is no text
};

/// Calls `work` in a child process and waits for it. Throws RunError where no process can be
/// started.
ChildOutput call_in_child(const std::function<std::string()>& work);

/// The text that the work returned. Throws what the work threw (as a UserError where it was one, as
/// a RunError otherwise), and RunError "WHAT was killed by signal ...".
std::string text_or_throw(const ChildOutput& output, std::string_view what);

/// Forks; in the child (0 is returned): it is killed when this process ends, whatever ends it.
/// Throws RunError where no process can be started.
pid_t fork_dependent();

/// Waits for the child's end: its status, as waitpid() gives it.
int status_at_end(pid_t child);

}  // namespace ringsim
