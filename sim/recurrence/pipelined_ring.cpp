#include "sim/recurrence/pipelined_ring.hpp"

namespace ringsim {

std::optional<RingRuns> RingRuns::of(const Collective& collective) {
  constexpr std::size_t most = 1 << 24;
  RingRuns all;
  all.rounds_ = collective.rounds();
  for (Rank rank = 0; rank < collective.ranks(); ++rank) {
    const auto runs = collective.ring_runs(rank);
    if (!runs || all.runs_.size() + runs->size() > most) return std::nullopt;
    all.begin_.push_back(all.runs_.size());
    all.runs_.insert(all.runs_.end(), runs->begin(), runs->end());
  }
  all.begin_.push_back(all.runs_.size());
  return all;
}

RingRuns RingRuns::of_parts(const std::vector<Bytes>& parts, std::uint32_t rounds) {
  const std::size_t n = parts.size();
  RingRuns all;
  all.rounds_ = rounds;
  for (std::size_t rank = 0; rank < n; ++rank) {
    all.begin_.push_back(all.runs_.size());
    for (std::uint32_t round = 0; round < rounds; ++round)
      all.runs_.push_back({round, 1, parts[(rank + n - round % n) % n]});
  }
  all.begin_.push_back(all.runs_.size());
  return all;
}

PipelinedRing::PipelinedRing(const RingRuns& runs, const Topology& topology,
                             std::span<const Route> routes)
    : topology_(topology), routes_(routes), last_(runs.ranks() - 1), ranks_(runs.ranks()) {
  for (Rank rank = 0; rank <= last_; ++rank) {
    ranks_[rank].sends.rest = runs.of_sender(rank);
    ranks_[rank].receives.rest = runs.of_sender(rank == 0 ? last_ : rank - 1);
    find_cost(rank);
  }
}

void PipelinedRing::find_cost(Rank sender) {
  auto& state = ranks_[sender];
  if (state.sends.is_over()) return;
  const auto& run = state.sends.rest.front();
  const auto& route = routes_[sender];
  const auto cost_of = [&](Bytes bytes) {
    const auto cost = topology_.cost(route, bytes);
    return Cost{cost.latency.value, cost.work / route.bandwidth.value};
  };
  const Bytes smaller{run.bytes.count / run.pieces};
  state.smaller = cost_of(smaller);
  state.larger = cost_of(smaller + Bytes{1});
}

std::optional<PipelinedRing::Waiting> PipelinedRing::waits_for(Rank rank) const {
  const auto& state = ranks_[rank];
  if (state.receiving) return Waiting{false, state.round, state.receives.bytes()};
  if (state.sending) return Waiting{true, state.round, state.sends.bytes()};
  return std::nullopt;
}

}  // namespace ringsim
