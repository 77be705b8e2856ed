#include "sim/run.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "sim/step_timing.hpp"
#include "sim/trace_source.hpp"
#include "sim/training.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

/// What the options name, looked up and checked, before anything slow begins.
struct Experiment {
  RunOptions options;
  Topology topology;
  Rank ranks;
  const SchemeDefinition& scheme;
  CollectiveChoice collective;
  std::optional<TraceSource> trace;
  std::unique_ptr<Network> network;  ///< null without a model
  std::optional<prune::EngineProfile> engine_profile;
};

/// What the options say of all hosts and links.
void apply_options(const RunOptions& options, Topology& topology) {
  topology.set_after_outage(options.after_outage);
  if (!options.reduce_rate) return;
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    Host host = topology.host(rank);
    if (host.reduce_rate) continue;
    host.reduce_rate = options.reduce_rate;
    topology.set_host(rank, host);
  }
}

TraceSource open_trace(const RunOptions& options) {
  TraceSource trace(options.trace,
                    is_given(options, "scheme") ? std::optional(options.scheme) : std::nullopt,
                    options.scheme_options.mask_encoding);
  if (options.steps.value_or(1) > trace.header().steps) {
    throw UserError(
        {{}, "--steps"}, fmt::format("found {}", *options.steps),
        fmt::format("1 to {} (the steps of {}) is accepted", trace.header().steps, options.trace));
  }
  return trace;
}

bool draws_sizes(const RunOptions& options) {
  return options.bytes || options.source == Source::synthetic;
}

void check_can_be_drawn(const SchemeDefinition& scheme, const SchemeOptions& options) {
  if (scheme.synthesize != nullptr) {
    scheme.synthesize({}, options, 0);  // or it says what is wrong with the options
    return;
  }
  std::vector<std::string> accepted;
  for (const auto* other : schemes()) {
    if (other->synthesize != nullptr) accepted.emplace_back(other->name);
  }
  throw UserError({{}, "--scheme"}, fmt::format("{} needs the values of gradients", scheme.name),
                  join(accepted, ", ") + " are accepted without them",
                  "leave --bytes and --source synthetic out");
}

CollectiveChoice choose_collective(const RunOptions& options, const Topology& topology) {
  AllReduceRequest request{.ranks = options.topology.ranks.value_or(topology.hosts()),
                           .elements = 0,
                           .element_bytes = Bytes{sizeof(float)},
                           .ranks_per_node = topology.gpus_per_node()};
  if (options.directions) request.directions = *options.directions;
  if (options.channels) request.channels = *options.channels;
  if (options.chunk) request.chunk = *options.chunk;
  const auto& algorithm = find_collective(options.collective);
  if (algorithm.needs_whole_nodes && has_deaths(topology, request.ranks)) {
    throw UserError(
        {{}, "--collective"},
        fmt::format("{} needs whole nodes, and hosts of {} die", algorithm.name, topology.name()),
        "another one is accepted (ringsim list collectives)");
  }
  algorithm.make_all_reduce(request);  // or it says why not, before anything slow begins
  return {&algorithm, request};
}

Experiment prepare(const RunOptions& options) {
  check_run_options(options);
  if (options.backend == "simgrid") require_simgrid();
  Topology topology = choose_topology(options.topology);
  apply_options(options, topology);
  const Rank ranks = options.topology.ranks.value_or(topology.hosts());
  if (ranks > topology.hosts()) {
    throw UserError(
        {{}, "--ranks"}, fmt::format("found {}", ranks),
        fmt::format("2 to {} (the hosts of {}) is accepted", topology.hosts(), topology.name()));
  }
  std::optional<TraceSource> trace;
  if (options.source == Source::trace) trace = open_trace(options);
  const std::string& scheme = trace ? trace->scheme() : options.scheme;
  const CollectiveChoice collective = choose_collective(options, topology);
  if (draws_sizes(options)) {
    auto asked = options.scheme_options;
    asked.ranks = ranks;
    check_can_be_drawn(find_scheme(scheme), asked);
  }
  const bool has_model = !trace && !options.bytes;
  return {.options = options,
          .topology = std::move(topology),
          .ranks = ranks,
          .scheme = find_scheme(scheme),
          .collective = collective,
          .trace = std::move(trace),
          .network = has_model ? find_network(options.model).make() : nullptr,
          .engine_profile = options.prune_time == PruneTime::profile
                                ? std::optional(prune::load_engine_profile(options.prune_profile))
                                : std::nullopt};
}

SchemeOptions scheme_options(const Experiment& experiment, std::uint64_t epoch_steps) {
  SchemeOptions options = experiment.options.scheme_options;
  options.ranks = experiment.ranks;
  options.seed = experiment.options.seed;
  options.steps_per_epoch = epoch_steps;
  options.momentum = training_rates(experiment.options, experiment.scheme).momentum;
  // Residuals can carry the momentum of sgd alone.
  if (experiment.options.optimizer != "sgd") options.momentum_correction = false;
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
          .deaths = {}};
}

ComputeModel compute_model(const Experiment& experiment) {
  const auto& options = experiment.options;
  const auto modelled = [&] {
    const double flop = experiment.network->flop_per_sample() * static_cast<double>(options.batch);
    return Seconds{flop / options.gpu_speed.value};
  };
  return {.time = options.compute_time ? *options.compute_time : modelled(),
          .jitter = options.jitter,
          .seed = options.seed};
}

PruneCosts prune_costs(const Experiment& experiment) {
  const auto& options = experiment.options;
  PruneCosts costs{.prune = std::nullopt,
                   .engine = experiment.engine_profile ? &*experiment.engine_profile : nullptr,
                   .memory = std::nullopt};
  if (options.prune_time == PruneTime::fixed) costs.prune = options.fixed_prune_time;
  if (options.prune_time == PruneTime::model) costs.memory = options.gpu_memory_bandwidth;
  return costs;
}

/// Ranks that are left in a step.
Rank alive_in(std::uint64_t step, Rank ranks, const std::vector<TrainedDeath>& deaths) {
  for (const auto& death : deaths) ranks -= death.step <= step ? 1 : 0;
  return ranks;
}

/// What is recorded for timing and for the tables.
struct Recording {
  std::vector<StepPlan> plans;
  std::vector<StepRow> rows;  ///< without times
  std::vector<LayerRow> layers;
  std::uint64_t kept = 0;
  std::size_t parameters = 0;
  std::uint64_t warmup_steps = 0;
  TrainingResult trained;  ///< empty where nothing is trained
  std::vector<Summary::Input> inputs;
};

/// Adds a step that exchanges `stages`.
StepRow& record_step(std::uint64_t step, const std::vector<Stage>& stages, Rank ranks,
                     const Experiment& experiment, const PruneCosts& costs, Recording& recording) {
  auto plan = plan_step(stages, ranks, experiment.collective, costs);
  StepRow row{};
  row.step = step;
  row.values_bytes = plan.sent.values.count;
  row.masks_bytes = plan.sent.masks.count;
  row.headers_bytes = plan.sent.headers.count;
  row.total_bytes = plan.sent.total().count;
  row.delay_steps = 0;  // every step waits for its exchange
  recording.rows.push_back(row);
  recording.plans.push_back(std::move(plan));
  return recording.rows.back();
}

Recording record_training(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                          const RunObserver& observer) {
  Dataset data = load_fashion_mnist();
  if (experiment.options.validates) hold_out_validation(data, 10'000);
  const auto epoch_steps =
      steps_per_epoch(data.train.size(), experiment.ranks, experiment.options.batch);
  auto training = training_options(experiment, data, epoch_steps);
  training.deaths = deaths;
  const auto options = scheme_options(experiment, epoch_steps);
  const auto scheme = experiment.scheme.make(experiment.network->layers(), options);
  const auto costs = prune_costs(experiment);
  if (observer.on_start) {
    const auto memory = training_memory(training, *scheme);
    observer.on_start(fmt::format(
        "memory of {} ranks: {} of residuals and momenta, {} of gradients", experiment.ranks,
        format(memory.residuals_and_momenta), format(memory.gradients)));
  }
  Recording recording;
  ThreadPool threads;
  recording.trained = train(training, *scheme, threads, [&](const TrainedStep& step) {
    const Rank ranks = alive_in(step.step, experiment.ranks, deaths);
    auto& row = record_step(step.step, step.outcome->stages, ranks, experiment, costs, recording);
    row.loss = step.loss;
    row.accuracy = step.accuracy;
    for (const auto& layer : step.outcome->layers) recording.kept += layer.kept;
    for (const auto& layer : step.layers) recording.layers.push_back(layer);
    if (observer.on_step) observer.on_step(step.step + 1, training.steps);
  });
  recording.parameters = total_parameters(experiment.network->layers());
  recording.warmup_steps = experiment.scheme.warmup_steps(options);
  for (const auto& input : data.files) recording.inputs.push_back({input.name, input.sha256});
  return recording;
}

Recording record_trace(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                       const RunObserver& observer) {
  const TraceSource& trace = *experiment.trace;
  const auto costs = prune_costs(experiment);
  const std::uint64_t steps = experiment.options.steps.value_or(trace.header().steps);
  Recording recording;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const Rank ranks = alive_in(step, experiment.ranks, deaths);
    const auto replayed = trace.step(step, ranks);
    record_step(step, replayed.stages, ranks, experiment, costs, recording);
    recording.kept += replayed.kept;
    for (const auto& layer : replayed.layers) recording.layers.push_back(layer);
    if (observer.on_step) observer.on_step(step + 1, steps);
  }
  recording.parameters = trace.parameters();
  recording.inputs = trace.inputs();
  return recording;
}

Layers layers_of(const Experiment& experiment) {
  const auto& options = experiment.options;
  if (!options.bytes) return experiment.network->layers();
  return {{.name = "values", .offset = 0, .parameters = options.bytes->count / sizeof(float)}};
}

LayerRow layer_row(std::uint64_t step, const Layer& layer, const LayerOutcome& outcome) {
  LayerRow row{};
  row.step = step;
  row.layer = layer.name;
  row.parameters = layer.parameters;
  row.kept = outcome.kept;
  row.density = static_cast<double>(row.kept) / static_cast<double>(row.parameters);
  return row;
}

Recording record_synthetic(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                           const RunObserver& observer) {
  const auto layers = layers_of(experiment);
  auto options = scheme_options(experiment, 1);
  const auto costs = prune_costs(experiment);
  const std::uint64_t steps = experiment.options.steps.value_or(1);
  Recording recording;
  for (std::uint64_t step = 0; step < steps; ++step) {
    options.ranks = alive_in(step, experiment.ranks, deaths);
    const auto drawn = experiment.scheme.synthesize(layers, options, step);
    record_step(step, drawn.stages, options.ranks, experiment, costs, recording);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      recording.kept += drawn.layers[i].kept;
      recording.layers.push_back(layer_row(step, layers[i], drawn.layers[i]));
    }
    if (observer.on_step) observer.on_step(step + 1, steps);
  }
  recording.parameters = total_parameters(layers);
  return recording;
}

Recording record_steps(const Experiment& experiment, const std::vector<TrainedDeath>& deaths,
                       const RunObserver& observer) {
  if (experiment.trace) return record_trace(experiment, deaths, observer);
  if (draws_sizes(experiment.options)) return record_synthetic(experiment, deaths, observer);
  return record_training(experiment, deaths, observer);
}

/// Once hosts have died, all steps are recorded anew: up to the one that was under way they come
/// out as before, since the same seed gives the same steps.
class Deaths {
 public:
  Deaths(const Experiment& experiment, const RunObserver& observer, Recording& recording)
      : experiment_(experiment), observer_(observer), recording_(recording) {}

  Recovery recovery() {
    return {.detection = experiment_.options.detection,
            .replan = [this](const auto& deaths) { replan(deaths); }};
  }
  std::vector<FaultRow> rows() const {
    auto rows = rows_;
    const auto& lost = recording_.trained.lost_mass;
    for (std::size_t i = 0; i < lost.size(); ++i) rows[i].lost_mass = lost[i];
    return rows;
  }

 private:
  void replan(const std::vector<Recovery::Death>& deaths) {
    for (const auto& death : deaths) {
      trained_.push_back({death.step, death.rank});
      rows_.push_back({death.rank, death.died.value, death.detected.value, death.step, {}});
      if (!observer_.on_fault) continue;
      observer_.on_fault(
          fmt::format("rank {} died at {}; noticed at {}: {} ranks begin step {} again", death.rank,
                      format(death.died), format(death.detected),
                      alive_in(death.step, experiment_.ranks, trained_), death.step + 1));
    }
    recording_ = record_steps(experiment_, trained_, {});
  }

  const Experiment& experiment_;
  const RunObserver& observer_;
  Recording& recording_;
  std::vector<TrainedDeath> trained_;
  std::vector<FaultRow> rows_;
};

/// Times the plans on the backend that the options name; `backend` becomes the one that ran.
Timing time_on_backend(const Experiment& experiment, const std::vector<StepPlan>& plans,
                       const RunObserver& observer, const Recovery& recovery,
                       std::string& backend) {
  const auto run = [&](const Topology& topology, const Program& program, const Observer& events) {
    backend = experiment.options.backend;
    if (backend == "auto") {
      const bool is_exact =
          !has_deaths(topology, program.ranks) && !find_contention(topology, program);
      backend = is_exact ? "recurrence" : "simgrid";
    }
    if (backend == "recurrence") return run_recurrence(topology, program, events);
    require_simgrid();
    return run_simgrid(topology, program, events);
  };
  std::function<void(const TransferEvent&)> on_transfer;
  if (observer.on_transfer) {
    on_transfer = [&](const TransferEvent& event) {
      observer.on_transfer({event.step, std::string(event.phase), event.bucket, event.round,
                            event.source, event.target, event.bytes.count, event.start.value,
                            event.end.value});
    };
  }
  return time_steps(experiment.topology, plans, experiment.ranks, compute_model(experiment), run,
                    on_transfer, recovery);
}

void fill_times(const Timing& timing, std::vector<StepRow>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& time = timing.steps[i];
    rows[i].start_s = time.start.value;
    rows[i].compute_s = time.compute.value;
    rows[i].prune_s = time.prune.value;
    rows[i].exchange_s = time.exchange.value;
    rows[i].exposed_exchange_s = time.exposed_exchange.value;
    rows[i].total_s = time.total.value;
  }
}

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

double mean_of(const std::vector<StepRow>& rows, double StepRow::*column) {
  double sum = 0;
  for (const auto& row : rows) sum += row.*column;
  return sum / static_cast<double>(rows.size());
}

double sum_of(const std::vector<StepRow>& rows, std::uint64_t StepRow::*column,
              std::uint64_t from = 0) {
  double sum = 0;
  for (std::size_t i = from; i < rows.size(); ++i) sum += static_cast<double>(rows[i].*column);
  return sum;
}

void fill_bytes(Summary& summary, const std::vector<StepRow>& rows, std::size_t parameters,
                std::uint64_t kept, std::uint64_t warmup) {
  const double ranks = summary.ranks;
  const auto steps = static_cast<double>(rows.size());
  const auto n = static_cast<double>(parameters);
  // Dense fp32 on a ring: every rank sends 2(N-1)/N * n * 4 bytes a step.
  const double dense_step = 2 * (ranks - 1) * n * sizeof(float);
  const double values = sum_of(rows, &StepRow::values_bytes),
               total = sum_of(rows, &StepRow::total_bytes);
  summary.bytes_sent_per_rank = {values / ranks, sum_of(rows, &StepRow::masks_bytes) / ranks,
                                 sum_of(rows, &StepRow::headers_bytes) / ranks, total / ranks};
  auto& ratio = summary.compression_ratio;
  if (kept > 0) {
    ratio.kept = steps * n / static_cast<double>(kept);
    summary.density = static_cast<double>(kept) / (steps * n);
  }
  if (values > 0) ratio.values = steps * dense_step / values;
  if (total > 0) ratio.wire = steps * dense_step / total;
  const double after = sum_of(rows, &StepRow::total_bytes, warmup);
  if (warmup < rows.size() && after > 0) {
    ratio.wire_after_warmup = static_cast<double>(rows.size() - warmup) * dense_step / after;
  }
}

Summary summarize(const Experiment& experiment, const RunResult& result,
                  const TrainingResult& trained, const Timing& timing, const std::string& backend) {
  const auto& rows = result.steps;
  Summary summary;
  summary.ranks = experiment.ranks;
  summary.scheme = experiment.scheme.name;
  summary.collective = experiment.collective.algorithm->name;
  summary.backend = backend;
  summary.steps = rows.size();
  summary.simulated_seconds = timing.end.value;
  summary.seconds_per_step = {mean_of(rows, &StepRow::compute_s), mean_of(rows, &StepRow::prune_s),
                              mean_of(rows, &StepRow::exchange_s),
                              mean_of(rows, &StepRow::exposed_exchange_s),
                              mean_of(rows, &StepRow::total_s)};
  if (timing.critical_path && timing.end > Seconds{}) {
    const auto [kind, name, share] = find_bottleneck(*timing.critical_path, experiment.topology);
    summary.bottleneck = Summary::Bottleneck{std::string(kind), name, share};
  }
  summary.staleness_steps = {
      trained.age_mean, trained.age_p50, trained.age_p95, trained.age_max, 0.0, 0.0};
  summary.accuracy = rows.back().accuracy;
  summary.loss = rows.back().loss;
  summary.provenance.version = RINGSIM_VERSION;
  summary.provenance.seed = experiment.options.seed;
  return summary;
}

}  // namespace

RunResult run(const RunOptions& options, const RunObserver& observer) {
  const Experiment experiment = prepare(options);
  const bool is_file = !kind_named(options.topology.what);
  const std::string topology_text =
      is_file ? read_file(topology_file(options.topology.what)) : std::string();
  if (observer.on_start) {
    const std::string work = experiment.trace ? fmt::format("replays {}", options.trace)
                             : options.bytes  ? fmt::format("exchanges {}", format(*options.bytes))
                             : draws_sizes(options)
                                 ? fmt::format("draws what to exchange of {}", options.model)
                                 : fmt::format("trains {}", options.model);
    observer.on_start(fmt::format("{} {} on {} ({} ranks), backend {}", experiment.scheme.name,
                                  work, experiment.topology.name(), experiment.ranks,
                                  options.backend));
  }
  auto recording = record_steps(experiment, {}, observer);
  Deaths deaths(experiment, observer, recording);
  std::string backend;
  const auto timing =
      time_on_backend(experiment, recording.plans, observer, deaths.recovery(), backend);
  if (observer.on_layer) {
    for (const auto& row : recording.layers) observer.on_layer(row);
  }

  RunResult result;
  result.steps = std::move(recording.rows);
  fill_times(timing, result.steps);
  result.links = link_rows(experiment.topology, timing);
  result.staleness = recording.trained.staleness;
  result.faults = deaths.rows();
  result.summary = summarize(experiment, result, recording.trained, timing, backend);
  fill_bytes(result.summary, result.steps, recording.parameters, recording.kept,
             recording.warmup_steps);
  auto& inputs = result.summary.provenance.inputs;
  if (is_file) inputs.push_back(Summary::Input{experiment.topology.name(), sha256(topology_text)});
  if (experiment.engine_profile) {
    inputs.push_back(
        Summary::Input{options.prune_profile, sha256(read_file(options.prune_profile))});
  }
  inputs.insert(inputs.end(), recording.inputs.begin(), recording.inputs.end());
  return result;
}

}  // namespace ringsim
