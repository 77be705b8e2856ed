// Makes an experiment of options.
#include "sim/run/prepare.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/topk_step.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/collective_choice.hpp"
#include "sim/run/effect_checks.hpp"
#include "sim/run/exchange_basis.hpp"
#include "sim/run/felt_options.hpp"
#include "sim/run/memory_needs.hpp"
#include "sim/run/options/rows.hpp"
#include "sim/run/staleness_checks.hpp"
#include "traces/ready_times.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

/// What is said of faults needs some.
void check_faults(const RunOptions& options, const Topology& topology) {
  const bool has_outages = std::ranges::any_of(topology.links(), [](const Link& link) {
    return link.extras != nullptr && !link.extras->outages.empty();
  });
  if (is_given(options, "after-outage") && !has_outages)
    no_effect("after-outage", fmt::format(": no link of {} has outages", topology.name()));
  const Rank ranks = options.topology.ranks.value_or(topology.hosts());
  if (is_given(options, "detection-timeout") && ranks <= topology.hosts() &&
      !has_deaths(topology, ranks)) {
    no_effect("detection-timeout", fmt::format(": no host of {} dies", topology.name()));
  }
}

/// What the options say of all hosts and links.
void apply_options(const RunOptions& options, Topology& topology) {
  topology.set_after_outage(options.after_outage);
  check_faults(options, topology);
  if (!options.reduce_rate) return;
  bool is_felt = false;
  for (Rank rank = 0; rank < topology.hosts(); ++rank) {
    Host host = topology.host(rank);
    if (host.reduce_rate) continue;
    host.reduce_rate = options.reduce_rate;
    topology.set_host(rank, host);
    is_felt = true;
  }
  if (!is_felt)
    no_effect("reduce-rate", fmt::format(": every host of {} has its own", topology.name()));
}

std::shared_ptr<const TraceSource> open_trace(const RunOptions& options) {
  auto trace = std::make_shared<TraceSource>(
      options.trace, is_given(options, "scheme") ? std::optional(options.scheme) : std::nullopt,
      options.scheme_options.find<std::string>(mask_encoding_option),
      TraceSums{.on_ring = sums_on_ring(options.scheme_options),
                .assumes_independent = options.assumes_independent});
  if (options.steps.value_or(1) > trace->header().steps) {
    throw UserError(
        option_place("steps"), fmt::format("found {}", *options.steps),
        fmt::format("1 to {} (the steps of {}) is accepted", trace->header().steps, options.trace));
  }
  return trace;
}

void check_can_be_drawn(const SchemeDefinition& scheme, const SchemeOptions& options,
                        bool has_shapes) {
  if (scheme.needs_shapes && !has_shapes) {
    throw UserError(option_place("scheme"),
                    fmt::format("{} needs the shapes of a model's layers", scheme.name), {},
                    "use `source` synthetic with a `model` in place of `bytes`");
  }
  scheme.synthesize({}, options, 0);  // or it says what is wrong with the options
}

/// The network or the specification that `model` names.
void find_model(const RunOptions& options, Experiment& experiment) {
  const auto file = model_spec_file(options.model);
  std::vector<std::string> trained, names;
  for (const auto* network : networks()) {
    if (network->name == options.model) {
      experiment.network = network->make();
      return;
    }
    trained.emplace_back(network->name);
  }
  if (file) {
    experiment.spec = std::make_shared<const ModelSpec>(load_model_spec(*file));
    if (options.source == Source::train) {
      throw UserError(
          option_place("model"),
          fmt::format("{} is known by its layers alone and cannot be trained", options.model),
          join(trained, ", ") + " are accepted", "add `source` synthetic");
    }
    return;
  }
  names = trained;
  for (const auto& shipped : shipped_model_specs()) names.push_back(shipped.name);
  throw UserError(
      option_place("model"),
      fmt::format("unknown model \"{}\"{}", options.model, did_you_mean(options.model, names)),
      "accepted: " + join(names, ", ") +
          ", or a file or folder of a model (with / or .json in its name)");
}

/// When gradients are ready in the last of so many passes.
ReadyTimes accumulated(ReadyTimes pass, std::uint64_t passes) {
  const Seconds before = pass.step * static_cast<double>(passes - 1);
  for (auto& ready : pass.layer) ready += before;
  pass.step = pass.step * static_cast<double>(passes);
  return pass;
}

ReadyTimes find_ready_times(const Experiment& experiment) {
  const auto& options = experiment.options;
  const auto layers = layers_of(experiment);
  if (!options.ready_times_file.empty()) {
    std::vector<MeasuredLayer> measured;
    for (const auto& layer : layers) measured.push_back({layer.name, layer.parameters});
    ReadyTimes times;
    for (const double ready : read_ready_times(options.ready_times_file, measured)) {
      times.layer.push_back(Seconds{ready});
      times.step = std::max(times.step, times.layer.back());
    }
    return times;
  }
  std::vector<double> forward_flop(layers.size());
  if (experiment.network) forward_flop = experiment.network->forward_flop();
  if (experiment.spec) forward_flop = experiment.spec->forward_flop;
  return ready_by_operations(layers, std::move(forward_flop),
                             options.compute_time
                                 ? *options.compute_time
                                 : modelled_compute_time(experiment, experiment.machine));
}

TimeBasis basis_of(const Experiment& experiment) {
  RunOptions options = experiment.options;
  options.scheme = experiment.scheme.name;
  const bool compresses =
      options.compress_time != CompressTime::none && may_feel(options, "compress-time");
  return {.compute = std::string(
              name_of(models_compute_time(options) ? Basis::modelled : Basis::measured)),
          .compress = compresses ? std::optional(std::string(name_of(experiment.compression.basis)))
                                 : std::nullopt,
          .exchange = std::string(name_of(exchange_basis(experiment)))};
}

}  // namespace

Experiment prepare(const RunOptions& options, const Experiment* like) {
  check_run_options(options);
  check_backend_choice(options.backend);
  check_memory_of_hosts(options.topology, [] { return free_memory(); });
  Topology topology = choose_topology(options.topology);
  apply_options(options, topology);
  const Rank ranks = options.topology.ranks.value_or(topology.hosts());
  if (ranks > topology.hosts()) {
    throw UserError(
        option_place("ranks"), fmt::format("found {}", ranks),
        fmt::format("2 to {} (the hosts of {}) is accepted", topology.hosts(), topology.name()));
  }
  RunOptions settled = options;
  settle_quorum(settled, ranks);
  std::shared_ptr<const TraceSource> trace;
  if (options.source == Source::trace) trace = like ? like->trace : open_trace(options);
  const std::string& scheme = trace ? trace->scheme() : options.scheme;
  check_takes_quorum(settled, find_scheme(scheme));
  const CollectiveChoice collective = choose_collective(options, topology, ranks);
  if (draws_sizes(options)) {
    auto asked = options.scheme_options;
    asked.ranks = ranks;
    check_can_be_drawn(find_scheme(scheme), asked, !options.bytes);
  }
  Machine machine = choose_machine(options, topology);
  auto compression = choose_compression(options, machine, find_scheme(scheme));
  const bool has_model = !trace && !options.bytes;
  Experiment experiment{.options = std::move(settled),
                        .topology = std::move(topology),
                        .ranks = ranks,
                        .scheme = find_scheme(scheme),
                        .collective = collective,
                        .trace = std::move(trace),
                        .network = nullptr,
                        .spec = nullptr,
                        .data = like != nullptr ? like->data : nullptr,
                        .machine = std::move(machine),
                        .compression = std::move(compression),
                        .basis = {},
                        .ready = {},
                        .buckets = {}};
  if (has_model && like != nullptr) {
    experiment.network = like->network;
    experiment.spec = like->spec;
  } else if (has_model) {
    find_model(options, experiment);
  }
  check_memory(memory_needs(experiment), [] { return free_memory(); });
  experiment.ready = accumulated(find_ready_times(experiment), options.accumulate);
  if (const auto rule = bucket_rule(options)) {
    experiment.buckets = fill_buckets(layers_of(experiment), order_of_readiness(experiment.ready),
                                      *rule, experiment.ready.layer);
  }
  if (overlaps(options) && !feeds_back(experiment.options) &&
      has_deaths(experiment.topology, ranks)) {
    throw UserError(option_place("overlap"),
                    fmt::format("found on, and hosts of {} die", experiment.topology.name()),
                    "off is accepted, and on with `staleness` S or `quorum` Q");
  }
  check_effects(experiment);
  experiment.basis = basis_of(experiment);
  return experiment;
}

}  // namespace ringsim
