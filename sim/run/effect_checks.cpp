#include "sim/run/effect_checks.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/run/felt_options.hpp"
#include "sim/run/options/rows.hpp"
#include "sim/sources/trace_masks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace ringsim {
namespace {

/// What a step does, as far as its kinds of stages go.
std::vector<Stage> stages_of(const Experiment& experiment) {
  if (experiment.trace)
    return experiment.trace->step(0, experiment.ranks, experiment.buckets).stages;
  return stages_of_kind(experiment.options, experiment.ranks, layers_of(experiment));
}

/// Whether what DistributedDataParallel adds takes time.
bool adds_ddp(const Experiment& experiment) {
  return may_add_ddp(experiment.options) && experiment.machine.gpu.ddp;
}

/// Options that say how long something takes that the scheme does not do.
void check_stages(const Experiment& experiment) {
  const auto& given = experiment.options.given;
  if (std::ranges::none_of(given, depends_on_stages)) return;
  const auto stages = stages_of(experiment);
  const bool has_gathers = std::ranges::any_of(
      stages, [](const Stage& stage) { return std::holds_alternative<AllGather>(stage.what); });
  for (const auto name : given) {
    // A library performs all-gathers, too.
    const bool is_library = name == "collective" && experiment.collective.algorithm->is_library;
    if (is_library && has_gathers) continue;
    if (name == "gpu-memory-bandwidth" && adds_ddp(experiment)) continue;
    if (depends_on_stages(name) && !is_felt_by(stages, name))
      no_effect(name, fmt::format(" with `scheme` {}", experiment.scheme.name));
  }
}

/// What a GPU says is felt where computing or compressing is found by it.
void check_gpu(const Experiment& experiment) {
  const auto& options = experiment.options;
  if (adds_ddp(experiment)) return;  // and what that takes
  const bool feels_memory = experiment.compression.feels_memory;
  const bool is_given_for_all =
      options.compress_time == CompressTime::fixed || options.compress_time == CompressTime::none;
  for (const std::string_view name : {"gpu", "gpu-memory-bandwidth"}) {
    if (!is_given(options, name) || !is_given_for_all) continue;
    if (name == "gpu" && models_compute_time(options)) continue;
    no_effect(name,
              " with times that are given, where the GPU does not say what "
              "DistributedDataParallel adds");
  }
  if (is_given(options, "gpu-memory-bandwidth") && !feels_memory) {
    no_effect("gpu-memory-bandwidth",
              options.compress_time == CompressTime::usual
                  ? " beside what compressing took in the captured training"
                  : fmt::format(": {} was not measured on a GPU", options.compress_profile));
  }
  if (!is_given(options, "gpu") || models_compute_time(options)) return;
  if (!feels_memory) {
    no_effect("gpu", fmt::format(" with a `compute-time` that is given: {} was not measured on one",
                                 options.compress_profile));
  }
  if (!is_felt_by(stages_of(experiment), "compress-time")) {
    no_effect("gpu", fmt::format(" with `scheme` {} and a `compute-time` that is given",
                                 experiment.scheme.name));
  }
}

void check_ddp(const Experiment& experiment) {
  if (!is_given(experiment.options, "ddp") || experiment.machine.gpu.ddp) return;
  const auto& measured = experiment.compression.measured;
  if (measured && measured->waits) return;
  no_effect("ddp", fmt::format(": it was not measured on the GPU {}", experiment.machine.gpu.name));
}

void check_headroom(const Experiment& experiment) {
  if (is_given(experiment.options, "headroom") &&
      has_deaths(experiment.topology, experiment.ranks)) {
    no_effect("headroom", fmt::format(" where hosts of {} die", experiment.topology.name()));
  }
}

/// A small model's kernels take longer to be launched than to run, at any speed.
void check_precision(const Experiment& experiment) {
  if (!is_given(experiment.options, "precision") || !models_compute_time(experiment.options))
    return;
  Machine machine = experiment.machine;
  if (machine.gpu.speeds.size() == 1) return;
  std::vector<Seconds> times;
  for (const auto& [precision, speed] : machine.gpu.speeds) {
    machine.speed = speed;
    times.push_back(modelled_compute_time(experiment, machine));
  }
  if (std::ranges::count(times, times.front()) < std::ssize(times)) return;
  no_effect("precision", fmt::format(": a step takes {} at any, while its kernels are launched",
                                     format(times.front())));
}

/// Where sizes are drawn some options change what compressing works on and nothing else.
void check_profile(const Experiment& experiment) {
  const auto& options = experiment.options;
  const auto& measured = experiment.compression.measured;
  if (!measured || !draws_sizes(options)) return;
  const auto has_velocities = [](const CostCounts& seconds) {
    return seconds.velocity_elements > 0 || seconds.velocity_values > 0;
  };
  const bool feels_velocities = std::ranges::any_of(measured->stages, [&](const StageCosts& stage) {
    return has_velocities(stage.host_seconds_per) || has_velocities(stage.device_seconds_per);
  });
  for (const std::string_view name : {"momentum", "momentum-correction", "clip", "filter"}) {
    const bool is_of_velocities = name.starts_with("momentum");
    if (!is_given(options, name) || (is_of_velocities && feels_velocities)) continue;
    no_effect(name, " where nothing is trained and the profile of `compress-time` lacks its part",
              "leave it out, or give `compress-time` model");
  }
}

/// Whether computing times are drawn.
bool has_jitter(const Experiment& experiment) {
  if (experiment.ready.step == Seconds{}) return false;
  for (Rank rank = 0; rank < experiment.ranks; ++rank) {
    const auto& own = experiment.topology.host(rank).jitter;
    if (own.value_or(experiment.options.jitter) > 0) return true;
  }
  return false;
}

void check_seed(const Experiment& experiment) {
  const auto& options = experiment.options;
  if (!is_given(options, "seed") || has_jitter(experiment)) return;
  if (experiment.network != nullptr && !draws_sizes(options)) return;  // it is trained
  if (draws_sizes(options) && draws_by_seed(experiment.scheme, layers_of(experiment),
                                            scheme_options(experiment, 1), experiment.buckets)) {
    return;
  }
  no_effect("seed", ": nothing is random without `jitter`");
}

void check_jitter(const Experiment& experiment) {
  if (!is_given(experiment.options, "jitter")) return;
  for (Rank rank = 0; rank < experiment.ranks; ++rank) {
    if (!experiment.topology.host(rank).jitter) return;
  }
  no_effect("jitter", fmt::format(": every host of {} has its own", experiment.topology.name()));
}

/// Whether full buckets have one layer each, so that none can go earlier with fewer.
bool has_layers_apart(const Experiment& experiment) {
  auto rule = bucket_rule(experiment.options);
  if (!rule) return false;
  rule->timeout.reset();
  const auto layers = layers_of(experiment);
  return fill_buckets(layers, order_of_readiness(experiment.ready), *rule, experiment.ready.layer)
             .size() == layers.size();
}

bool has_masks(std::span<const Stage> stages) {
  return std::ranges::any_of(stages,
                             [](const Stage& stage) { return stage.phase.text() == "masks"; });
}

/// Exchanges go on one after the other where there are several buckets.
void check_buckets(const Experiment& experiment) {
  const auto& options = experiment.options;
  const bool has_one_layer = !options.bytes && layers_of(experiment).size() == 1;
  for (const std::string_view name : {"bucket", "bucket-timeout", "overlap", "masks-ahead"}) {
    if (has_one_layer && is_given(options, name)) no_effect(name, " where there is one layer");
  }
  if (is_given(options, "bucket-timeout") && has_layers_apart(experiment))
    no_effect("bucket-timeout", " where every bucket is one layer");
  if (experiment.trace && is_given(options, "masks-ahead") && !has_masks(stages_of(experiment)))
    no_effect("masks-ahead", fmt::format(" with `scheme` {}", experiment.scheme.name));
  if (experiment.buckets.size() != 1) return;
  constexpr std::string_view why = " where all layers go into one bucket";
  constexpr std::string_view fix = "give a smaller `bucket`, or leave it out";
  const bool is_on_alone = options.overlap.value_or(false) && !options.bucket;
  if (is_on_alone || (options.overlap && !is_felt_by(stages_of(experiment), "compress-time")))
    no_effect("overlap", why, fix);
  if (is_given(options, "masks-ahead")) no_effect("masks-ahead", why, fix);
}

void check_assumption(const Experiment& experiment) {
  const auto& options = experiment.options;
  if (!options.assumes_independent || experiment.ranks > experiment.trace->header().ranks ||
      !has_trace_masks(options.trace)) {
    return;
  }
  no_effect("assume",
            fmt::format(": {} has the masks of all {} ranks", options.trace, experiment.ranks));
}

/// How layers are pruned matters where one is, and which are, where some may not be.
void check_pruning(const Experiment& experiment) {
  const auto& options = experiment.options;
  if (experiment.trace || !takes(experiment.scheme.name, *find_run_option("whole-below"))) return;
  const auto whole_below = options.scheme_options.get<std::size_t>(whole_below_option);
  const auto layers = layers_of(experiment);
  const auto by_default = SchemeOptions{}.get<std::size_t>(whole_below_option);
  if (is_given(options, "whole-below") && layers.size() == 1 &&
      layers.front().parameters >= std::max(whole_below, by_default)) {
    no_effect("whole-below", ": the one layer is pruned in any case");
  }
  if (std::ranges::any_of(layers,
                          [&](const Layer& layer) { return layer.parameters >= whole_below; })) {
    return;
  }
  for (const auto name : options.given) {
    const auto* option = find_run_option(name)->of_scheme;
    if (option == nullptr || !option->of_pruned_layers) continue;
    no_effect(
        name,
        fmt::format(": all layers have fewer parameters than {} and are sent whole", whole_below),
        "give a smaller `whole-below`, or leave it out");
  }
}

}  // namespace

void no_effect(std::string_view option, std::string_view why, std::string_view fix) {
  throw UserError(option_place(option), fmt::format("has no effect{}", why), {}, fix);
}

void check_effects(const Experiment& experiment) {
  check_stages(experiment);
  check_gpu(experiment);
  check_ddp(experiment);
  check_headroom(experiment);
  check_precision(experiment);
  check_profile(experiment);
  check_seed(experiment);
  check_jitter(experiment);
  check_buckets(experiment);
  check_assumption(experiment);
  check_pruning(experiment);
}

}  // namespace ringsim
