#pragma once
// What the options name, looked up and checked.
#include "models/dataset.hpp"
#include "models/networks/network.hpp"
#include "models/schemes/scheme.hpp"
#include "models/specs/model_spec.hpp"
#include "sim/learning/training_options.hpp"
#include "sim/run/machine.hpp"
#include "sim/run/run_options.hpp"
#include "sim/sources/trace_source.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/ready_times.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

#include <memory>
#include <optional>

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
  Machine machine;                           ///< of every rank
  CompressionChoice compression;
  ReadyTimes ready;             ///< of a step's gradients
  std::vector<Bucket> buckets;  ///< empty: all layers are exchanged together
  std::size_t threads = 0;      ///< that training takes; 0: one per core
};

/// Before anything slow begins. `like`: one whose options differ in timing alone
/// (is_timing_option()), with which a model and a trace are shared. Throws UserError.
Experiment prepare(const RunOptions& options, const Experiment* like = nullptr);

/// The files that the experiment was prepared from.
std::vector<Summary::Input> inputs_of(const Experiment& experiment);

/// Whether the sizes of the exchange are drawn, not found in gradients.
bool draws_sizes(const RunOptions& options);
/// The layers that are exchanged.
Layers layers_of(const Experiment& experiment);

SchemeOptions scheme_options(const Experiment& experiment, std::uint64_t epoch_steps);
TrainingOptions training_options(const Experiment& experiment, const Dataset& data,
                                 std::uint64_t epoch_steps);
ComputeModel compute_model(const Experiment& experiment);
CompressionCosts compression_costs(const Experiment& experiment);

}  // namespace ringsim
