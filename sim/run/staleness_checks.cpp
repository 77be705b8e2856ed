#include "sim/run/staleness_checks.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace ringsim {

void settle_quorum(RunOptions& options, Rank ranks) {
  if (options.quorum && *options.quorum > ranks) {
    throw UserError(option_place("quorum"), fmt::format("found {}", *options.quorum),
                    fmt::format("1 to {} (the number of ranks) is accepted", ranks));
  }
  if (options.quorum == ranks) options.quorum.reset();
}

void check_takes_quorum(const RunOptions& options, const SchemeDefinition& scheme) {
  if (!options.quorum || scheme.takes_quorum) return;
  std::vector<std::string> accepted;
  for (const auto* other : schemes()) {
    if (other->takes_quorum) accepted.emplace_back(other->name);
  }
  throw UserError(option_place("scheme"), fmt::format("{} needs all ranks in a step", scheme.name),
                  join(accepted, ", ") + " are accepted with a quorum", "leave `quorum` out");
}

}  // namespace ringsim
