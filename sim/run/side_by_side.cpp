#include "sim/run/side_by_side.hpp"

#include "sim/run/backend_choice.hpp"
#include "sim/run/slowest_hop.hpp"
#include "sim/run/step_rows.hpp"
#include "sim/run/summary.hpp"
#include "sim/timing/gather_pieces.hpp"
#include "sim/timing/step_timing.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace ringsim {
namespace {

bool is_uniform(const Experiment& experiment) {
  const auto& choice = experiment.options.topology;
  return choice.bandwidth && choice.latency &&
         std::ranges::all_of(experiment.topology.links(), [&](const Link& link) {
           return link.bandwidth == *choice.bandwidth && link.latency == *choice.latency &&
                  link.extras == nullptr;
         });
}

Topology with_links(Topology topology, const AllLinks& all) {
  for (LinkId id = 0; id < topology.links().size(); ++id) {
    Link link = topology.links()[id];
    link.bandwidth = all.bandwidth;
    link.latency = all.latency;
    topology.set_link(id, std::move(link));
  }
  return topology;
}

/// The networks on which all-gathers travel in the same pieces, so that plans are the same, by
/// those pieces.
std::map<std::vector<Bytes>, std::vector<std::size_t>> by_pieces(
    const Experiment& experiment, const Recording& recording, std::span<const AllLinks> networks) {
  std::size_t most_links = 0;
  for (Rank rank = 0; rank < experiment.ranks; ++rank) {
    const auto route = experiment.topology.route(rank, (rank + 1) % experiment.ranks);
    most_links = std::max(most_links, route.links.size());
  }
  std::map<std::vector<Bytes>, std::vector<std::size_t>> groups;
  std::vector<Bytes> pieces;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    HopSpeed hop{{}, networks[i].bandwidth};
    for (std::size_t link = 0; link < most_links; ++link) hop.latency += networks[i].latency;
    pieces.clear();
    for (const auto& run : recording.steps.runs()) add_pieces(run.first.stages, hop, pieces);
    groups[pieces].push_back(i);
  }
  return groups;
}

}  // namespace

void time_side_by_side(const Experiment& experiment, const Recording& recording,
                       std::span<const AllLinks> networks,
                       const std::function<void(std::size_t, Summary)>& take) {
  if (experiment.options.finds_headroom.value_or(true)) return;
  const auto* backend =
      first_backend(experiment.options.backend, experiment.topology, experiment.ranks);
  if (backend == nullptr || backend->run_side_by_side == nullptr || !is_uniform(experiment)) return;
  Experiment own = experiment;
  for (const auto& [pieces, members] : by_pieces(experiment, recording, networks)) {
    std::vector<Topology> topologies;
    std::vector<const Topology*> pointers;
    topologies.reserve(members.size());
    for (const std::size_t i : members)
      pointers.push_back(&topologies.emplace_back(with_links(experiment.topology, networks[i])));
    own.collective.hop = slowest_hop(topologies.front(), own.ranks);
    const auto plans = plan_steps(own, recording.steps);
    const auto timings =
        time_steps_side_by_side(pointers, plans, own.ranks, compute_model(own), *backend);
    if (!timings) return;
    const auto without_times = step_rows(recording, plans);
    for (std::size_t k = 0; k < members.size(); ++k) {
      own.topology = std::move(topologies[k]);
      TimedRows rows(untimed(without_times), recording.warmup_steps, own.options.target_accuracy,
                     {});
      rows.add((*timings)[k].steps);
      take(members[k],
           summarize(own, rows.sums(),
                     {.recording = recording, .timing = (*timings)[k], .backend = backend->name}));
    }
  }
}

}  // namespace ringsim
