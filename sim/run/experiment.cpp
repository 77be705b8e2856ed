#include "sim/run/experiment.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/option_names.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/run/slowest_hop.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

namespace ringsim {

bool draws_sizes(const RunOptions& options) {
  return options.bytes || options.source == Source::synthetic;
}

std::vector<Summary::Input> inputs_of(const Experiment& experiment) {
  const auto& options = experiment.options;
  std::vector<Summary::Input> inputs;
  std::set<std::filesystem::path> seen;
  for (const auto& option : run_options()) {
    if (option.reads == nullptr || option.name == "source") continue;  // the recording says those
    for (const auto& file : option.reads(options)) {
      // A captured training's times are the model's and the computing time's.
      if (!seen.insert(file).second) continue;
      const bool is_model = option.name == "model" && file == model_spec_file(options.model);
      const std::string name = option.name == "topology" ? experiment.topology.name()
                               : is_model                ? options.model
                                                         : file.string();
      inputs.push_back({name, sha256(read_file(file, {}, most_of_records))});
    }
  }
  for (const auto* files : {&experiment.machine.files, &experiment.compression.files}) {
    for (const auto& file : *files) {
      if (options.gpu.empty() || file != gpu_file(options.gpu))
        inputs.push_back({file.string(), sha256(read_file(file, {}, most_of_records))});
    }
  }
  return inputs;
}

Layers layers_of(const Experiment& experiment) {
  const auto& options = experiment.options;
  if (experiment.network) return experiment.network->layers();
  if (experiment.spec) return experiment.spec->layers;
  if (experiment.trace) {
    Layers layers;
    for (const auto& layer : experiment.trace->header().layers)
      layers.push_back({layer.name, total_parameters(layers), layer.parameters});
    return layers;
  }
  if (const auto rule = bucket_rule(options))
    return cut_into_layers(options.bytes->count / sizeof(float), *rule);
  return {{.name = "values", .offset = 0, .parameters = options.bytes->count / sizeof(float)}};
}

Seconds modelled_compute_time(const Experiment& experiment, const Machine& machine) {
  const double flop =
      experiment.spec ? flop_per_sample(*experiment.spec) : experiment.network->flop_per_sample();
  if (flop == 0) {
    throw UserError(option_place("compute-time"),
                    fmt::format("is needed, as {} says no operations", experiment.options.model),
                    "a time such as 120ms is accepted");
  }
  return modelled_compute_time(machine, flop * static_cast<double>(experiment.options.batch),
                               layers_of(experiment).size());
}

std::vector<MemoryNeed> memory_needs(const Experiment& experiment, bool repeats) {
  const auto& options = experiment.options;
  const bool trains = options.source == Source::train && !options.bytes;
  return memory_needs(
      run_size({.options = options,
                .topology = experiment.topology,
                .ranks = experiment.ranks,
                .scheme = experiment.scheme,
                .scheme_options = scheme_options(experiment, 1),
                .collective = experiment.collective,
                .network = trains ? experiment.network.get() : nullptr,
                .layers = options.bytes ? Layers() : layers_of(experiment),
                .trace_steps = experiment.trace ? std::optional(experiment.trace->header().steps)
                                                : std::nullopt,
                .repeats = repeats}));
}

SchemeOptions scheme_options(const Experiment& experiment, std::uint64_t epoch_steps) {
  SchemeOptions options = experiment.options.scheme_options;
  options.ranks = experiment.ranks;
  options.seed = experiment.options.seed;
  options.steps_per_epoch =
      std::max<std::uint64_t>(1, epoch_steps / experiment.options.local_steps);
  options.momentum = training_rates(experiment.options, experiment.scheme).momentum;
  // Residuals can carry the momentum of sgd alone.
  if (experiment.options.optimizer != "sgd" || experiment.options.local_steps > 1)
    options.set(momentum_correction_option, "off");
  return options;
}

TrainingOptions training_options(const Experiment& experiment, const Dataset& data,
                                 std::uint64_t epoch_steps) {
  const auto& options = experiment.options;
  const double epochs = options.epochs.value_or(1);
  const auto steps =
      static_cast<std::uint64_t>(std::llround(epochs * static_cast<double>(epoch_steps)));
  const auto rates = training_rates(options, experiment.scheme);
  return {.network = experiment.network.get(),
          .data = &data,
          .ranks = experiment.ranks,
          .batch = options.batch,
          .steps = options.steps.value_or(std::max<std::uint64_t>(1, steps)),
          .seed = options.seed,
          .learning_rate = rates.learning_rate,
          .momentum = rates.momentum,
          .schedule = options.schedule,
          .optimizer = options.optimizer,
          .label_skew = options.label_skew,
          .deaths = {},
          .evaluate_every = options.evaluate_every};
}

namespace {

/// The largest share of the speed of computing that is lost to exchanges.
constexpr double most_exchange_share = 0.5;

/// What was measured on the machine's GPU; nothing where it was not.
std::optional<DdpTimes> ddp_times(const Experiment& experiment) {
  const auto& costs = experiment.machine.gpu.ddp;
  if (!costs || !experiment.options.adds_ddp) return std::nullopt;
  const auto hop = slowest_hop(experiment.topology, experiment.ranks);
  const double share = costs->exchange_share + hop.bandwidth / costs->exchange_rate;
  const double buffers = experiment.spec ? static_cast<double>(experiment.spec->buffers) : 0;
  DdpTimes times{.start = costs->step + costs->buffer * buffers,
                 .copy = {},
                 .exchange_share = std::min(share, most_exchange_share),
                 .bandwidth = hop.bandwidth};
  const auto gradient = bytes_of(gradient_type_of(experiment.options.scheme_options));
  const BytesPerSecond memory{costs->memory_share * experiment.machine.memory_bandwidth.value};
  const auto layers = layers_of(experiment);
  for (const auto& bucket : experiment.buckets) {
    // Read and written.
    const Bytes moved = 2 * total_parameters(layers_of(layers, bucket)) * gradient;
    times.copy.push_back(costs->copy * static_cast<double>(bucket.layers.size()) + moved / memory);
  }
  return times;
}

/// Whether a bucket's compressing is implemented so that the host waits for its exchanges.
bool waits_for_exchanges(const Experiment& experiment) {
  const auto& measured = experiment.compression.measured;
  // Masks that go ahead need the next bucket before a bucket has been exchanged.
  const bool goes_ahead = experiment.options.scheme_options.get<bool>(masks_ahead_option);
  return experiment.options.adds_ddp && measured && measured->waits && !goes_ahead;
}

}  // namespace

ComputeModel compute_model(const Experiment& experiment) {
  const auto& options = experiment.options;
  ComputeModel compute{
      .time = experiment.ready.step, .jitter = options.jitter, .seed = options.seed};
  if (overlaps(options)) {
    compute.overlap = Overlap{.ready = bucket_ready_times(experiment.ready, experiment.buckets),
                              .masks_ahead = options.scheme_options.get<bool>(masks_ahead_option),
                              .waits = waits_for_exchanges(experiment),
                              .ddp = ddp_times(experiment)};
  }
  return compute;
}

CompressionCosts compression_costs(const Experiment& experiment) {
  const auto& options = experiment.options;
  CompressionCosts costs{.fixed = std::nullopt, .measured = experiment.compression.measured};
  if (options.compress_time == CompressTime::fixed) costs.fixed = options.fixed_compress_time;
  const auto layers = layers_of(experiment);
  const auto all = static_cast<double>(total_parameters(layers));
  for (const auto& bucket : experiment.buckets) {
    const std::size_t own = total_parameters(layers_of(layers, bucket));
    costs.bucket_shares.push_back(static_cast<double>(own) / all);
  }
  if (options.compress_time != CompressTime::none)
    costs.memory = experiment.machine.memory_bandwidth;
  return costs;
}

}  // namespace ringsim
