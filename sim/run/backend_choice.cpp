#include "sim/run/backend_choice.hpp"

namespace ringsim {
namespace {

constexpr std::string_view automatic = "auto";

bool can_run(const BackendDefinition& backend, const Topology& topology, Rank ranks) {
  return !backend.unavailable() && !backend.why_not(topology, ranks);
}

}  // namespace

std::vector<std::string> backend_choices() {
  std::vector<std::string> choices = {std::string(automatic)};
  for (const auto* backend : backends()) choices.emplace_back(backend->name);
  return choices;
}

void BackendAttempt::require_exact(const Topology& topology, const Program& program) const {
  if (is_last) return;
  if (const auto inexactness = find_inexactness(backend, topology, program)) throw *inexactness;
}

const BackendDefinition& run_on_backend(
    std::string_view choice, const Topology& topology, Rank ranks,
    const std::function<void(const BackendAttempt& attempt)>& attempt) {
  if (choice == automatic) {
    for (const auto* backend : backends().first(backends().size() - 1)) {
      if (!can_run(*backend, topology, ranks)) continue;
      try {
        attempt({*backend, false});
        return *backend;
      } catch (const NotExact&) {
        // The next one may be.
      }
    }
  }
  const auto& last = choice == automatic ? *backends().back() : find_backend(choice);
  require_able(last, topology, ranks);
  attempt({last, true});
  return last;
}

const BackendDefinition* first_backend(std::string_view choice, const Topology& topology,
                                       Rank ranks) {
  for (const auto* backend : backends()) {
    if ((choice == automatic || choice == backend->name) && can_run(*backend, topology, ranks))
      return backend;
  }
  return nullptr;
}

void check_backend_choice(std::string_view choice) {
  if (choice != automatic) require_available(find_backend(choice));
}

}  // namespace ringsim
