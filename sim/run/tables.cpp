#include "sim/run/tables.hpp"

#include "models/schemes/iwp.hpp"
#include "sim/run/summary.hpp"

#include <utility>

namespace ringsim {
namespace {

std::vector<LinkRow> link_rows(const Topology& topology, const Timing& timing) {
  std::vector<LinkRow> rows;
  for (std::size_t i = 0; i < topology.links().size(); ++i) {
    const auto& link = topology.links()[i];
    const auto& use = timing.links[i];
    const double capacity = capacity_until(link, timing.end);
    const double share = capacity > 0 ? static_cast<double>(use.bytes.count) / capacity : 0;
    rows.push_back({link.name, use.bytes.count, use.busy.value, share});
  }
  return rows;
}

}  // namespace

TransferRow transfer_row(const TransferEvent& event) {
  return {event.step,        std::string(event.phase.text()),
          event.bucket,      event.round,
          event.source,      event.target,
          event.bytes.count, event.start.value,
          event.end.value,   (event.start + event.latency).value};
}

RankWork rank_work(const DelayEvent& event) {
  const auto phase = event.phase.text();
  return {.step = event.step,
          .rank = event.rank,
          .what = phase.empty() ? "compute" : phase,
          .start = event.start,
          .duration = event.duration};
}

namespace {

void check_density(const Experiment& experiment, const Recording& recording,
                   const RunObserver& observer) {
  const auto asked = steered_density(experiment.options.scheme, experiment.options.scheme_options);
  if (!asked || !observer.on_density) return;
  DensityCheck density;
  for (const auto& layers : recording.layers) {
    for (const auto& row : layers) {
      if (row.threshold && row.step >= recording.warmup_steps)
        density.add(row.parameters, row.kept, *asked);
    }
  }
  if (density.reached()) observer.on_density(density);
}

}  // namespace

RunResult make_tables(const Experiment& experiment, FinishedRun run, const RunObserver& observer) {
  const auto& recording = run.recording;
  if (observer.on_layer) {
    for (const auto& layers : recording.layers) {
      for (const auto& row : layers) observer.on_layer(row);
    }
  }
  check_density(experiment, recording, observer);
  RunResult result;
  result.links = link_rows(experiment.topology, run.timing);
  result.staleness = recording.trained.staleness;
  result.faults = std::move(run.faults);
  result.summary = summarize(
      experiment, run.rows, {.recording = recording, .timing = run.timing, .backend = run.backend});
  return result;
}

}  // namespace ringsim
