// Which options go together.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/shipped.hpp"
#include "models/optimizer.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace ringsim {

namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view refusal, std::string_view fix) {
  throw UserError(option_place(name), refusal, {}, fix);
}

/// Refuses options that not every run takes, and the scheme or collective `name` does not.
void check_taken(const RunOptions& options, TakenBy kind, std::string_view name,
                 std::string_view fix) {
  const auto* word = kind == TakenBy::scheme ? "scheme" : "collective";
  for (const auto& option : run_options()) {
    if (option.taken_by != kind || !is_given(options, option.name) || takes(name, option)) continue;
    refuse(option.name, fmt::format("has no effect with `{}` {}", word, name), fix);
  }
}

Origins origin_of(const RunOptions& options) {
  if (options.bytes) return from_bytes;
  if (options.source == Source::train) return from_training;
  return options.source == Source::synthetic ? from_model : from_trace;
}

void check_origins(const RunOptions& options) {
  const auto origin = origin_of(options);
  const std::string beside = origin == from_bytes   ? "`bytes`"
                             : origin == from_model ? "`source` synthetic"
                                                    : "`source` trace:" + options.trace;
  for (const auto& option : run_options()) {
    if ((option.origins & origin) == 0 && is_given(options, option.name))
      refuse(option.name, "has no effect with " + beside, "leave it out");
  }
}

void check_conditions(const RunOptions& options) {
  for (const auto& option : run_options()) {
    if (!is_given(options, option.name)) continue;
    for (const auto& condition : option.conditions) {
      if (!condition.holds(options)) refuse(option.name, condition.refusal, condition.fix);
    }
  }
}

void need_compute_time(const RunOptions& options, const std::string& beside, std::string_view why) {
  if (options.compute_time || !options.ready_times_file.empty()) return;
  throw UserError(option_place("compute-time"), "is needed with " + beside,
                  "a time such as 120ms is accepted", why);
}

void check_bytes(const RunOptions& options) {
  need_compute_time(options, "`bytes`", "there is no model that says how long a step computes");
  if (!options.ready_times_file.empty()) {
    throw UserError(option_place("compute-time"), "found a file with `bytes`, which has no layers",
                    "a time such as 120ms is accepted");
  }
}

/// What a trace holds was selected already, and it says no times.
void check_trace(const RunOptions& options) {
  if (is_given(options, "sparse-sum") && options.scheme != "topk") {
    refuse("sparse-sum", fmt::format("has no effect with `scheme` {}", options.scheme),
           "leave it out");
  }
  need_compute_time(options, "`source` trace:" + options.trace,
                    "a trace does not say how long forward and backward pass take");
}

/// Masks can travel ahead where exchanges begin during the backward pass, in steps of all ranks.
void check_masks_ahead(const RunOptions& options) {
  if (!options.scheme_options.has(masks_ahead_option)) return;
  if (!overlaps(options) && options.local_steps > 1)
    refuse("masks-ahead", "has no effect with `local-steps`", "leave it out");
  if (!overlaps(options)) {
    refuse("masks-ahead", "has no effect with exchanges that begin after the backward pass",
           "add `overlap` on, or leave it out");
  }
  if (options.scheme_options.get<bool>(masks_ahead_option) && feeds_back(options)) {
    refuse("masks-ahead", "has no effect with `staleness` or `quorum`",
           "leave it out: a bucket's mask is exchanged right before its values");
  }
}

/// Momentum moves weights, and what is not trained has none; it also moves the velocities of
/// momentum correction, which is there by default where there is momentum.
void check_momentum_is_felt(const RunOptions& options, const SchemeDefinition& scheme) {
  const auto is_taken =
      std::ranges::find(scheme.options, &momentum_correction_option) != scheme.options.end();
  const bool is_chosen = options.scheme_options.has(momentum_correction_option);
  const bool follows = is_taken && scheme.name != "cltk";  // correction does, where not chosen
  if (options.momentum && origin_of(options) != from_training && (!follows || is_chosen)) {
    refuse("momentum",
           is_chosen ? "has no effect with `momentum-correction` where nothing is trained"
                     : fmt::format("has no effect with `scheme` {} where nothing is trained",
                                   scheme.name),
           "leave it out");
  }
  if (!is_given(options, factor_masking_option.name)) return;
  const bool has_momentum = training_rates(options, scheme).momentum > 0;
  const bool corrects = options.scheme_options.find<bool>(momentum_correction_option)
                            .value_or(has_momentum && scheme.name != "cltk");
  if (!corrects || options.optimizer != "sgd" || options.local_steps > 1) {
    refuse(factor_masking_option.name, "has no effect without momentum correction",
           "give a `momentum`, or leave it out");
  }
}

/// Where sizes are drawn some options change how many bytes compressing moves and nothing else,
/// which no time shows that is given for all of it.
void check_drawn_work(const RunOptions& options) {
  const auto how = options.compress_time;
  const bool is_given_for_all = how == CompressTime::fixed || how == CompressTime::none;
  if (!is_given_for_all || origin_of(options) == from_training) return;
  for (const std::string_view name : {"momentum", "momentum-correction", "clip", "filter"}) {
    if (is_given(options, name)) {
      refuse(name, "has no effect with a `compress-time` that is given where nothing is trained",
             "leave one of the two out");
    }
  }
}

void check_warmup(const RunOptions& options) {
  constexpr double first = 0.25;  // density of a warm-up
  if (!is_given(options, "warmup") || density_of(options.scheme_options) < first) return;
  refuse("warmup", fmt::format("has no effect with a `density` of {} or more", first),
         "leave one of the two out");
}

/// Residuals can carry the momentum of sgd in steps that are exchanged, and nesterov is sgd without
/// momentum.
void check_momentum(const RunOptions& options, const SchemeDefinition& scheme) {
  const bool corrects =
      options.scheme_options.find<bool>(momentum_correction_option).value_or(false);
  if (options.local_steps > 1 && corrects) {
    throw UserError(option_place("momentum-correction"), "found on with `local-steps`",
                    "off is accepted",
                    "leave one of the two out: the momentum is that of each rank's own steps");
  }
  check_momentum_is_felt(options, scheme);
  const std::string beside = fmt::format("`optimizer` {}", options.optimizer);
  if (is_given(options, "momentum-correction") && options.local_steps > 1)
    refuse("momentum-correction", "has no effect with `local-steps`", "leave it out");
  if (is_given(options, "momentum-correction") && options.optimizer != "sgd" && !corrects)
    refuse("momentum-correction", "has no effect with " + beside, "leave it out");
  if (options.optimizer != "sgd" && corrects) {
    throw UserError(option_place("momentum-correction"), "found on with " + beside,
                    "off is accepted", "leave one of the two out");
  }
  if (options.optimizer == "nesterov" && training_rates(options, scheme).momentum == 0) {
    throw UserError(option_place("momentum"), "is 0 with " + beside, "a number above 0 is accepted",
                    "give one such as 0.9, and a smaller `lr` than without");
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

bool names_ready_times(std::string_view text) {
  std::error_code error;
  return names_file(text) || text.ends_with(".json.gz") || text.ends_with(".csv") ||
         std::filesystem::is_directory(text, error);
}

bool overlaps(const RunOptions& options) {
  // What local steps exchange is there when the last of them has ended.
  return options.overlap.value_or(options.bucket.has_value() && options.local_steps == 1);
}

bool feeds_back(const RunOptions& options) { return options.staleness > 0 || options.quorum; }

std::optional<BucketRule> bucket_rule(const RunOptions& options) {
  if (!options.bucket && !overlaps(options)) return std::nullopt;
  auto rule = options.bucket.value_or(ddp_buckets());
  rule.timeout = options.bucket_timeout;
  return rule;
}

void check_collective_options(const RunOptions& options, std::string_view collective) {
  check_taken(options, TakenBy::collective, collective, "leave it out");
}

void check_run_options(const RunOptions& options) {
  check_masks_ahead(options);
  if (options.collective != automatic_collective)
    check_collective_options(options, options.collective);
  if (options.bytes) check_bytes(options);
  check_origins(options);
  check_conditions(options);
  if (options.source == Source::trace) return check_trace(options);
  if (options.steps && options.epochs) {
    throw UserError(option_place("steps"), "given together with `epochs`",
                    "one of the two is accepted");
  }
  check_momentum(options, find_scheme(options.scheme));
  check_taken(options, TakenBy::scheme, options.scheme,
              "leave it out, or choose a scheme that takes it (ringsim list schemes)");
  check_drawn_work(options);
  check_warmup(options);
}

}  // namespace ringsim
