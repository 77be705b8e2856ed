// Which options go together.
#include "base/error.hpp"
#include "base/shipped.hpp"
#include "models/optimizer.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {

using Text = std::string_view;

bool is_given(const RunOptions& options, Text name) {
  return std::find(options.given.begin(), options.given.end(), name) != options.given.end();
}

namespace {

void refuse_without_effect(Text name, const std::string& beside, Text fix) {
  throw UserError({{}, fmt::format("--{}", name)}, "has no effect with " + beside, {}, fix);
}

/// Refuses options of a kind that are given and not among those that are taken.
void refuse_options_of(TakenBy kind, const RunOptions& options, std::span<const Text> taken,
                       const std::string& beside, Text fix) {
  for (const auto& option : run_options()) {
    if (option.taken_by != kind || !is_given(options, option.name)) continue;
    if (std::ranges::find(taken, option.name) == taken.end())
      refuse_without_effect(option.name, beside, fix);
  }
}

void need_compute_time(const RunOptions& options, const std::string& beside, Text why) {
  if (options.compute_time || !options.ready_times.empty()) return;
  throw UserError({{}, "--compute-time"}, "is needed with " + beside,
                  "a time such as 120ms is accepted", why);
}

/// Sizes that are drawn: training has no effect, nor has what compares values.
void check_synthetic_options(const RunOptions& options) {
  const std::string beside = options.bytes ? "--bytes" : "--source synthetic";
  const auto refuse = [&](Text name) {
    if (is_given(options, name)) refuse_without_effect(name, beside, "leave it out");
  };
  for (const Text name :
       {"epochs", "optimizer", "lr", "schedule", "label-skew", "evaluate", "engine"}) {
    refuse(name);
  }
  if (options.bytes) {
    if (options.source == Source::trace) refuse("source");
    for (const Text name : {"model", "batch", "gpu-speed"}) refuse(name);
    need_compute_time(options, beside, "there is no model that says how long a step computes");
    if (!options.ready_times.empty()) {
      throw UserError({{}, "--compute-time"}, "found a file with --bytes, which has no layers",
                      "a time such as 120ms is accepted");
    }
  }
}

/// With a trace nothing is trained, and what it holds was selected already.
void check_trace_options(const RunOptions& options) {
  const std::string beside = fmt::format("--source trace:{}", options.trace);
  for (const auto& option : run_options()) {
    const bool of_training = option.group == "work" && option.name != "source" &&
                             option.name != "steps" && option.name != "seed" &&
                             option.name != "assume";
    const bool selects = option.taken_by == TakenBy::scheme && option.name != "mask-encoding" &&
                         option.name != "masks-ahead" && option.name != "sparse-sum";
    if ((of_training || selects || option.name == "gpu-speed") && is_given(options, option.name))
      refuse_without_effect(option.name, beside, "leave it out");
  }
  if (is_given(options, "sparse-sum") && options.scheme != "topk")
    refuse_without_effect("sparse-sum", fmt::format("--scheme {}", options.scheme), "leave it out");
  need_compute_time(options, beside,
                    "a trace does not say how long forward and backward pass take");
}

/// Staleness is that of training, and some options need it.
void check_staleness_options(const RunOptions& options) {
  const bool trains = !options.bytes && options.source == Source::train;
  for (const auto& option : run_options()) {
    const bool is_of_training = option.group == "staleness" || option.name == "target-accuracy" ||
                                option.name == "evaluate-every";
    if (is_of_training && !trains && is_given(options, option.name))
      refuse_without_effect(option.name, "a run that does not train", "leave it out");
  }
  const bool is_late = feeds_back(options);
  for (const Text name : {"delay-scaling", "delay-compensation", "fresh-error"}) {
    if (is_given(options, name) && !is_late)
      refuse_without_effect(name, "--staleness 0", "give --staleness S, or leave it out");
  }
  if (options.masks_ahead && is_late) {
    refuse_without_effect("masks-ahead", "--staleness or --quorum",
                          "leave it out: a bucket's mask is exchanged right before its values");
  }
  if (options.local_steps == 1) return;
  if (options.overlap.value_or(false)) {
    refuse_without_effect("overlap", "--local-steps",
                          "leave it out: the weights have moved when the last step has ended");
  }
  if (is_late) {
    refuse_without_effect("local-steps", "--staleness or --quorum", "leave one of the two out");
  }
  if (options.scheme_options.momentum_correction.value_or(false)) {
    throw UserError({{}, "--momentum-correction"}, "found on with --local-steps", "off is accepted",
                    "leave one of the two out: the momentum is that of each rank's own steps");
  }
}

/// Momentum before pruning is that of sgd, and nesterov is sgd without momentum.
void check_optimizer(const RunOptions& options, const SchemeDefinition& scheme) {
  const std::string beside = fmt::format("--optimizer {}", options.optimizer);
  if (options.optimizer != "sgd" && options.scheme_options.momentum_correction.value_or(false)) {
    throw UserError({{}, "--momentum-correction"}, "found on with " + beside, "off is accepted",
                    "leave one of the two out");
  }
  if (options.optimizer == "nesterov" && training_rates(options, scheme).momentum == 0) {
    throw UserError({{}, "--momentum"}, "is 0 with " + beside, "a number above 0 is accepted",
                    "give one such as 0.9, and a smaller --lr than without");
  }
}

}  // namespace

TrainingDefaults training_rates(const RunOptions& options, const SchemeDefinition& scheme) {
  const auto& optimizer = find_optimizer(options.optimizer);
  const auto choose = [](std::optional<double> given, std::optional<double> of_optimizer,
                         double of_scheme) {
    return given ? *given : of_optimizer.value_or(of_scheme);
  };
  return {.learning_rate =
              choose(options.learning_rate, optimizer.learning_rate, scheme.defaults.learning_rate),
          .momentum = choose(options.momentum, optimizer.momentum, scheme.defaults.momentum)};
}

bool names_ready_times(Text text) { return names_file(text) || text.ends_with(".csv"); }

bool overlaps(const RunOptions& options) {
  // What local steps exchange is there when the last of them has ended.
  return options.overlap.value_or(options.bucket.has_value() && options.local_steps == 1);
}

bool feeds_back(const RunOptions& options) { return options.staleness > 0 || options.quorum; }

std::optional<BucketRule> bucket_rule(const RunOptions& options) {
  if (options.bucket || !overlaps(options)) return options.bucket;
  return ddp_buckets();
}

void check_run_options(const RunOptions& options) {
  if (is_given(options, "masks-ahead") && !overlaps(options)) {
    if (options.local_steps > 1)
      refuse_without_effect("masks-ahead", "--local-steps", "leave it out");
    refuse_without_effect("masks-ahead", "exchanges that begin after the backward pass",
                          "add --overlap on, or leave it out");
  }
  refuse_options_of(TakenBy::collective, options, find_collective(options.collective).options,
                    fmt::format("--collective {}", options.collective), "leave it out");
  check_staleness_options(options);
  if (options.bytes || options.source == Source::synthetic) check_synthetic_options(options);
  const bool adds_up_masks = options.source == Source::trace && options.scheme == "topk" &&
                             options.scheme_options.sparse_sum == "ring";
  if (is_given(options, "assume") && !adds_up_masks) {
    throw UserError({{}, "--assume"},
                    "has no effect without --source trace:DIR --scheme topk --sparse-sum ring", {},
                    "leave it out");
  }
  if (options.source == Source::trace) return check_trace_options(options);
  if (options.steps && options.epochs) {
    throw UserError({{}, "--steps"}, "given together with --epochs", "one of the two is accepted");
  }
  if (is_given(options, "gpu-speed") && (options.compute_time || !options.ready_times.empty())) {
    refuse_without_effect("gpu-speed", "a --compute-time that is given",
                          "leave one of the two out");
  }
  if (is_given(options, "gpu-memory-bandwidth") && options.prune_time != PruneTime::model) {
    refuse_without_effect("gpu-memory-bandwidth", "a --prune-time that is given",
                          "leave one of the two out");
  }
  const auto& scheme = find_scheme(options.scheme);
  check_optimizer(options, scheme);
  refuse_options_of(TakenBy::scheme, options, scheme.options,
                    fmt::format("--scheme {}", options.scheme),
                    "leave it out, or choose a scheme that takes it (ringsim list schemes)");
}

}  // namespace ringsim
