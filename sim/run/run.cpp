#include "sim/run/run.hpp"

#include "sim/run/collective_choice.hpp"
#include "sim/run/exchange_basis.hpp"
#include "sim/run/late_run.hpp"
#include "sim/run/lockstep_run.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/recording.hpp"

#include <fmt/format.h>

#include <utility>

namespace ringsim {

std::string describe(const Experiment& experiment) {
  const auto& options = experiment.options;
  const std::string what = experiment.trace ? fmt::format("replays {}", options.trace)
                           : options.bytes  ? fmt::format("exchanges {}", format(*options.bytes))
                           : draws_sizes(options)
                               ? fmt::format("draws what to exchange of {}", options.model)
                               : fmt::format("trains {}", options.model);
  return fmt::format("{} {} on {} ({} ranks), backend {}", experiment.scheme.name, what,
                     experiment.topology.name(), experiment.ranks, options.backend);
}

namespace {

/// Says where times of compressing are not what was measured of the usual implementation.
void announce_compression(const Experiment& experiment, const RunObserver& observer) {
  const auto& note = experiment.compression.note;
  if (!note.empty() && experiment.basis.compress) observer.on_start(note);
}

}  // namespace

RunResult run_experiment(const Experiment& experiment, const RunObserver& observer) {
  if (draws_while_timing(experiment)) return time_drawn_steps(experiment, observer);
  if (!feeds_back(experiment.options))
    return time_recording(experiment, record_steps(experiment, {}, observer), observer);
  auto late = run_late(experiment, observer);
  TimedRows rows([&](std::uint64_t step) { return std::pair(late.rows[step], std::uint64_t{1}); },
                 late.recording.warmup_steps, experiment.options.target_accuracy, observer.on_row);
  rows.add(late.timing.steps);
  return make_tables(experiment,
                     {.recording = late.recording,
                      .timing = late.timing,
                      .backend = late.backend,
                      .rows = rows.sums(),
                      .faults = std::move(late.faults)},
                     observer);
}

RunResult run(const RunOptions& options, const RunObserver& observer) {
  const Experiment experiment = prepare(options);
  const auto read_before = inputs_of(experiment);
  if (observer.on_start) {
    observer.on_start(describe(experiment));
    announce_compression(experiment, observer);
    for (const auto& note : {collective_note(experiment), exchange_note(experiment)})
      if (!note.empty()) observer.on_start(note);
  }
  if (observer.on_network) observer.on_network(experiment.topology);
  auto result = run_experiment(experiment, observer);
  auto& inputs = result.summary.provenance.inputs;
  inputs.insert(inputs.begin(), read_before.begin(), read_before.end());
  return result;
}

}  // namespace ringsim
