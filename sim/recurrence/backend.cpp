// The recurrence backend: the same results as simgrid, thousands of times faster; exact where no
// transfer slows another one (README.md).
#include "sim/backend/backend.hpp"

#include "sim/recurrence/engine.hpp"
#include "sim/recurrence/side_by_side.hpp"

#include <memory>

namespace ringsim {

extern const BackendDefinition recurrence_backend;

namespace {

std::optional<BackendRefusal> why_not(const Topology& topology, Rank ranks) {
  if (!has_deaths(topology, ranks)) return std::nullopt;
  return BackendRefusal{"recurrence cannot have hosts die"};
}

BackendResult run(const Topology& topology, const Program& program, const Observer& observer) {
  require_able(recurrence_backend, topology, program.ranks);
  return run_parts(program, [&](const Program& part) {
    const auto engine = std::make_shared<RecurrenceEngine>(topology, part, observer);
    auto result = engine->run();
    if (program.next_part && observer.wants_critical_path)
      result.path_of = [engine](Rank rank) { return engine->path_of(rank); };
    return result;
  });
}

}  // namespace

const BackendDefinition recurrence_backend = {
    .name = "recurrence",
    .description = "finishing times in closed order; exact where no transfer slows another one",
    .unavailable = [] { return std::optional<BackendRefusal>(); },
    .why_not = why_not,
    .run = run,
    .run_side_by_side = run_side_by_side};

}  // namespace ringsim
