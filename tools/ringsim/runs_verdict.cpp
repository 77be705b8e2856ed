#include "tools/ringsim/runs_verdict.hpp"

#include "sim/run/assumptions.hpp"
#include "tools/ringsim/comparison_verdict.hpp"
#include "tools/ringsim/recorded_command.hpp"
#include "tools/ringsim/seed_means.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <utility>

namespace ringsim {
namespace {

/// Runs that differ in their seed alone, or one run.
struct SeedGroup {
  std::optional<std::string> command;  ///< without the seed
  std::vector<const NamedSummary*> runs;

  bool takes(const std::optional<std::string>& other, std::uint64_t seed) const {
    return command && command == other && std::ranges::none_of(runs, [&](const NamedSummary* run) {
             return run->summary.provenance.seed == seed;
           });
  }
  std::vector<const Summary*> summaries() const {
    std::vector<const Summary*> all;
    for (const auto* run : runs) all.push_back(&run->summary);
    return all;
  }
};

std::vector<SeedGroup> group_by_seeds(const std::vector<NamedSummary>& runs) {
  std::vector<SeedGroup> groups;
  for (const auto& run : runs) {
    const auto& made = run.summary.provenance;
    const auto command = RecordedCommand(made.command).without_seed();
    const auto found = std::ranges::find_if(
        groups, [&](const SeedGroup& group) { return group.takes(command, made.seed); });
    (found == groups.end() ? groups.emplace_back(SeedGroup{command, {}}) : *found)
        .runs.push_back(&run);
  }
  return groups;
}

/// "iwp (3 seeds)", by the folder that they are in where their names have one.
std::string name_of(const SeedGroup& group) {
  const auto& first = group.runs.front()->name;
  if (group.runs.size() == 1) return first;
  const auto folder = std::filesystem::path(first).parent_path().filename().string();
  return fmt::format("{} ({} seeds)", folder.empty() ? group.runs.front()->summary.scheme : folder,
                     group.runs.size());
}

/// "one seed each", "means of 3 seeds", "means of 1 to 3 seeds".
std::string accuracy_note(const std::vector<SeedGroup>& groups) {
  const auto seeds = [](const SeedGroup& group) { return group.runs.size(); };
  const auto [least, most] = std::ranges::minmax(groups, {}, seeds);
  if (most.runs.size() == 1) return std::string(one_seed);
  if (least.runs.size() == most.runs.size())
    return fmt::format("means of {} seeds", most.runs.size());
  return fmt::format("means of {} to {} seeds", least.runs.size(), most.runs.size());
}

/// The mean time to the target accuracy; nothing where one of the seeds does not get there.
std::optional<double> seconds_to_target(const SeedGroup& group) {
  double sum = 0;
  for (const auto* run : group.runs) {
    const auto& target = run->summary.target;
    if (!target || !target->seconds) return std::nullopt;
    sum += *target->seconds;
  }
  return sum / static_cast<double>(group.runs.size());
}

/// Whether all have the same target accuracy, and two or more of them get there.
bool are_ranked_by_target(const std::vector<SeedGroup>& groups) {
  std::ptrdiff_t reached = 0;
  const auto& first = groups.front().runs.front()->summary.target;
  for (const auto& group : groups) {
    for (const auto* run : group.runs) {
      const auto& target = run->summary.target;
      if (!first || !target || target->accuracy != first->accuracy) return false;
    }
    reached += seconds_to_target(group) ? 1 : 0;
  }
  return reached > 1;
}

Verdict verdict_of(const std::vector<SeedGroup>& groups, std::vector<std::string> assumed) {
  if (groups.size() == 1) {
    const auto& one = groups.front();
    if (one.runs.size() == 1) return run_verdict(one.runs.front()->summary, std::move(assumed));
    return run_verdict(mean_summary(one.summaries()), std::move(assumed),
                       seeds_note(one.summaries()));
  }
  const bool is_to_target = are_ranked_by_target(groups);
  std::vector<Contender> contenders;
  for (const auto& group : groups) {
    auto mean = contender(name_of(group), mean_summary(group.summaries()));
    const auto seconds = is_to_target ? seconds_to_target(group) : std::optional(mean.seconds);
    if (!seconds) continue;
    mean.seconds = *seconds;
    contenders.push_back(std::move(mean));
  }
  auto verdict = comparison_verdict(contenders, std::move(assumed),
                                    is_to_target ? RankedBy::time_to_target : RankedBy::step,
                                    accuracy_note(groups));
  if (contenders.size() < groups.size()) {
    add_sentence(verdict, fmt::format("{} of {} do not get to the target accuracy.",
                                      groups.size() - contenders.size(), groups.size()));
  }
  return verdict;
}

}  // namespace

Verdict runs_verdict(const std::vector<NamedSummary>& runs) {
  std::vector<std::string> assumed;
  bool is_read = true;
  for (const auto& [name, summary] : runs) {
    const auto options = RecordedCommand(summary.provenance.command).run_options();
    if (options) add_once(assumed, assumptions(*options));
    is_read = is_read && options;
  }
  auto verdict = verdict_of(group_by_seeds(runs), std::move(assumed));
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
