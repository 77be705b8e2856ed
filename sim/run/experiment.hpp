#pragma once
// What the options name, looked up (sim/run/prepare.hpp).
#include "models/dataset.hpp"
#include "models/networks/network.hpp"
#include "models/schemes/scheme.hpp"
#include "models/specs/model_spec.hpp"
#include "sim/learning/training_options.hpp"
#include "sim/run/machine.hpp"
#include "sim/run/memory_needs.hpp"
#include "sim/run/run_options.hpp"
#include "sim/sources/trace_source.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/ready_times.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"
#include "traces/records/summary.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace ringsim {

struct Experiment {
  RunOptions options;
  Topology topology;
  Rank ranks;
  const SchemeDefinition& scheme;
  CollectiveChoice collective;
  std::shared_ptr<const TraceSource> trace;  ///< null: no trace is replayed
  std::shared_ptr<const Network> network;    ///< null without a network to train
  std::shared_ptr<const ModelSpec> spec;     ///< the model, where it is no network
  std::shared_ptr<const Dataset> data;  ///< that is trained on; null: Fashion-MNIST, not loaded
  Machine machine;                      ///< of every rank
  CompressionChoice compression;
  TimeBasis basis;              ///< of its times
  ReadyTimes ready;             ///< of a step's gradients
  std::vector<Bucket> buckets;  ///< empty: all layers are exchanged together
  std::size_t threads = 0;      ///< that training takes; 0: one per core
};

/// The files that the experiment was prepared from.
std::vector<Summary::Input> inputs_of(const Experiment& experiment);

/// What the run keeps, where steps that come again are run once or, not `repeats`, all are run.
/// prepare() refuses what is not free before it finds ready times and buckets.
std::vector<MemoryNeed> memory_needs(const Experiment& experiment, bool repeats = true);

/// Whether the sizes of the exchange are drawn, not found in gradients.
bool draws_sizes(const RunOptions& options);
/// The layers that are exchanged.
Layers layers_of(const Experiment& experiment);

/// Forward and backward pass of a step of the model, as this machine computes it.
Seconds modelled_compute_time(const Experiment& experiment, const Machine& machine);

SchemeOptions scheme_options(const Experiment& experiment, std::uint64_t epoch_steps);
TrainingOptions training_options(const Experiment& experiment, const Dataset& data,
                                 std::uint64_t epoch_steps);
ComputeModel compute_model(const Experiment& experiment);
CompressionCosts compression_costs(const Experiment& experiment);

}  // namespace ringsim
