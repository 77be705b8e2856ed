#pragma once
// Which backend runs: the one that `backend` names, or the one that "auto" finds.
#include "sim/backend/backend.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// What `backend` takes: "auto" and the names of the backends.
std::vector<std::string> backend_choices();

/// A run on one backend, from the beginning.
struct BackendAttempt {
  const BackendDefinition& backend;
  bool is_last;  ///< no other backend is tried where this one throws NotExact

  /// Throws NotExact where it is not exact and another attempt may follow: runs the program
  /// without an observer. For observers that cannot be told afterwards that what they were told
  /// was not exact.
  void require_exact(const Topology& topology, const Program& program) const;
};

/// Calls `attempt` for the backend that is called `choice`, or where that is "auto" for one backend
/// after the other, in the registry's order without those that cannot run here, until one does not
/// throw NotExact. Returns the backend that ran. Throws UserError at "backend" where a backend
/// that has to run cannot.
const BackendDefinition& run_on_backend(
    std::string_view choice, const Topology& topology, Rank ranks,
    const std::function<void(const BackendAttempt& attempt)>& attempt);

/// The backend that run_on_backend() tries first; null where it would throw.
const BackendDefinition* first_backend(std::string_view choice, const Topology& topology,
                                       Rank ranks);

/// Throws UserError at "backend" where this build does not have what `choice` names: before
/// anything slow begins.
void check_backend_choice(std::string_view choice);

}  // namespace ringsim
