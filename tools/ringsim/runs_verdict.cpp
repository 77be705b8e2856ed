#include "tools/ringsim/runs_verdict.hpp"

#include "sim/run/assumptions.hpp"
#include "tools/ringsim/recorded_command.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace ringsim {

Verdict runs_verdict(const std::vector<NamedSummary>& runs) {
  std::vector<Contender> contenders;
  std::vector<std::string> assumed;
  bool is_read = true;
  for (const auto& [name, summary] : runs) {
    contenders.push_back(contender(name, summary));
    const auto options = RecordedCommand(summary.provenance.command).run_options();
    if (options) add_once(assumed, assumptions(*options));
    is_read = is_read && options;
  }
  auto verdict = runs.size() == 1 ? run_verdict(runs[0].summary, std::move(assumed))
                                  : comparison_verdict(contenders, std::move(assumed));
  const auto differs = [&](auto member) {
    return std::ranges::any_of(runs, [&](const NamedSummary& run) {
      return std::invoke(member, run.summary) != std::invoke(member, runs[0].summary);
    });
  };
  if (differs(&Summary::ranks)) add_sentence(verdict, "The runs have different numbers of ranks.");
  if (differs(&Summary::steps)) add_sentence(verdict, "The runs have different numbers of steps.");
  if (!is_read)
    add_sentence(verdict, "What some of them assumed cannot be told from their commands.");
  return verdict;
}

}  // namespace ringsim
