#include "models/profiles/cost_profile.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

constexpr CostTerm terms[] = {
    {.name = "call", .count = &CostCounts::calls, .by_host = true},
    {.name = "tensor", .count = &CostCounts::tensors, .by_host = true},
    {.name = "element", .count = &CostCounts::elements, .moves_memory = true},
    {.name = "kept_value", .count = &CostCounts::kept_values, .moves_memory = true},
    {.name = "velocity_element", .count = &CostCounts::velocity_elements, .moves_memory = true},
    {.name = "velocity_value", .count = &CostCounts::velocity_values, .moves_memory = true},
    {.name = "matrix", .count = &CostCounts::matrices, .by_host = true},
    {.name = "row_rank", .count = &CostCounts::row_ranks, .moves_memory = true},
    {.name = "whole_tensor", .count = &CostCounts::whole_tensors, .by_host = true},
    {.name = "whole_element", .count = &CostCounts::whole_elements, .moves_memory = true},
    {.name = "received_tensor", .count = &CostCounts::received_tensors, .by_host = true},
    {.name = "received_element", .count = &CostCounts::received_elements, .moves_memory = true},
    {.name = "received_value", .count = &CostCounts::received_values, .moves_memory = true},
    {.name = "coded_byte", .count = &CostCounts::coded_bytes, .moves_memory = true},
};

/// How far apart two ranks are.
double distance(std::uint64_t a, std::uint64_t b) {
  return std::fabs(std::log(static_cast<double>(a) / static_cast<double>(b)));
}

}  // namespace

std::span<const CostTerm> cost_terms() { return terms; }

Seconds cost_of(const CostCounts& seconds_per, const CostCounts& counts) {
  Seconds sum;
  for (const auto& term : terms) sum += Seconds{seconds_per.*term.count * counts.*term.count};
  return sum;
}

Seconds StageCosts::time(const CostCounts& counts) const {
  return std::max(cost_of(host_seconds_per, counts), cost_of(device_seconds_per, counts));
}

Seconds SchemeCosts::time(CostStage stage, const CostCounts& counts) const {
  const auto found = std::ranges::find(stages, stage, &StageCosts::stage);
  return found == stages.end() ? Seconds{} : found->time(counts);
}

std::optional<FoundCosts> find_costs(const CostProfile& profile, const CostQuery& query) {
  const SchemeCosts* best = nullptr;
  for (const auto& costs : profile.schemes) {
    if (costs.scheme != query.scheme) continue;
    if (costs.values && costs.values != query.values) continue;
    if (costs.rank && !query.rank) continue;
    const bool is_nearer = best != nullptr && best->rank && costs.rank &&
                           distance(*costs.rank, *query.rank) < distance(*best->rank, *query.rank);
    if (best == nullptr || is_nearer) best = &costs;
  }
  if (best == nullptr) return std::nullopt;
  return FoundCosts{*best, !best->rank || best->rank == query.rank};
}

std::string schemes_in(const CostProfile& profile) {
  std::vector<std::string> names;
  for (const auto& costs : profile.schemes) {
    std::string setting = costs.values.value_or("");
    if (costs.rank) setting = "rank " + std::to_string(*costs.rank);
    names.push_back(costs.scheme + (setting.empty() ? "" : " " + setting));
  }
  return join(names, ", ");
}

SchemeCosts with_memory(SchemeCosts costs, double faster) {
  for (auto& stage : costs.stages) {
    for (const auto& term : terms) {
      if (term.moves_memory) stage.device_seconds_per.*term.count /= faster;
    }
  }
  return costs;
}

std::vector<ShippedFile> shipped_cost_profiles() {
  return shipped_files({.name = "profiles",
                        .from_program = RINGSIM_PROFILES_FROM_PROGRAM,
                        .source = RINGSIM_SOURCE_PROFILES,
                        .installed = RINGSIM_INSTALLED_PROFILES});
}

}  // namespace ringsim
