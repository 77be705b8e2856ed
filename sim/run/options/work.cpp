// Options: what the ranks work on.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "models/networks/network.hpp"
#include "models/optimizer.hpp"
#include "models/profiles/gpu.hpp"
#include "models/schedule.hpp"
#include "models/schemes/topk_step.hpp"
#include "models/specs/model_spec.hpp"
#include "sim/run/options/rows.hpp"
#include "traces/capture_folder.hpp"
#include "traces/shipped_traces.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

using Files = std::vector<std::filesystem::path>;

constexpr std::string_view trace_prefix = "trace:";
constexpr Limits step_limits = WholeNumber{1, 100'000'000};

std::string accepted_sources() { return "train, synthetic or trace:DIR"; }

void set_source(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  options.trace.clear();
  if (text == "train" || text == "synthetic") {
    options.source = text == "train" ? Source::train : Source::synthetic;
    return;
  }
  if (!text.starts_with(trace_prefix) || text.size() == trace_prefix.size()) {
    throw UserError(option_place("source"), fmt::format("found \"{}\"", text),
                    accepted_sources() + " is accepted");
  }
  options.trace = trace_folder(std::string_view(text).substr(trace_prefix.size())).string();
  options.source = Source::trace;
}

/// All files of the trace.
Files trace_files(const RunOptions& options) {
  Files files;
  if (options.source != Source::trace) return files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator entry(options.trace, error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->is_regular_file()) files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> source_words() {
  std::vector<std::string> words = {"train", "synthetic", std::string(trace_prefix)};
  for (const auto& shipped : shipped_traces())
    words.push_back(fmt::format("{}{}", trace_prefix, shipped.name));
  return words;
}

std::vector<std::string> model_words() {
  std::vector<std::string> words;
  for (const auto* network : networks()) words.emplace_back(network->name);
  for (const auto& shipped : shipped_model_specs()) words.push_back(shipped.name);
  return words;
}

/// What a captured training says of the run, as far as no option was given for it.
void take_capture(RunOptions& options, const CaptureFolder& capture) {
  const auto is_open = [&](std::string_view name) { return !is_given(options, name); };
  if (is_open("source")) options.source = Source::synthetic;
  if (is_open("batch")) options.batch = capture.batch;
  if (is_open("compute-time")) options.ready_times_file = capture.ready_times();
  if (is_open("compress-time")) options.compress_profile = capture.compression().value_or("");
  if (is_open("bucket")) {
    options.bucket = ddp_buckets();
    options.bucket->sizes = capture.buckets;
  }
  const bool ships = std::ranges::any_of(
      shipped_gpus(), [&](const ShippedFile& gpu) { return gpu.name == capture.gpu; });
  if (ships && is_open("gpu")) options.gpu = capture.gpu;
}

void set_model(RunOptions& options, const OptionValue& value) {
  options.model = value_as<std::string>(value);
  const auto file = model_spec_file(options.model);
  if (file && *file != options.model && is_capture_folder(options.model))
    take_capture(options, read_capture_folder(options.model));
}

/// The model's own file, and those of a captured training.
Files model_files(const RunOptions& options) {
  const auto file = model_spec_file(options.model);
  if (!file) return {};
  Files files = {*file};
  if (*file != options.model && is_capture_folder(options.model)) {
    const auto captured = read_capture_folder(options.model).files();
    files.insert(files.end(), captured.begin(), captured.end());
  }
  return files;
}

std::string accepted_bytes() { return "whole numbers of fp32 values are accepted: 4B, 8B, ..."; }

void set_bytes(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  const Bytes bytes = parse_bytes(text, option_place("bytes"));
  if (bytes.count == 0 || bytes.count % sizeof(float) != 0)
    throw UserError(option_place("bytes"), fmt::format("found \"{}\"", text), accepted_bytes());
  options.bytes = bytes;
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const auto* optimizer : optimizers()) names.emplace_back(optimizer->name);
  return names;
}

bool adds_up_masks(const RunOptions& options) {
  return options.source == Source::trace && options.scheme == "topk" &&
         options.scheme_options.get<std::string>(sparse_sum_option) == "ring";
}
constexpr Condition of_assume[] = {
    {"`source` trace:DIR `scheme` topk `sparse-sum` ring", adds_up_masks,
     "has no effect without `source` trace:DIR `scheme` topk `sparse-sum` ring", "leave it out"}};
constexpr Condition of_trained[] = {is_trained};
bool feels_batch(const RunOptions& options) {
  return trains(options) || models_compute_time(options);
}
constexpr Condition of_batch[] = {{"training, or `compute-time` model", feels_batch,
                                   "has no effect with a `compute-time` that is given",
                                   "leave one of the two out"}};
bool has_source(const RunOptions& options) { return !options.bytes; }
constexpr Condition of_source[] = {
    {"no `bytes`", has_source, "has no effect with `bytes`", "leave it out"}};

constexpr RunOption rows[] = {
    {{.name = "model",
      .value = "NAME|FILE|DIR",
      .meaning = "network to train, or with `source` synthetic a specification, shipped or a file "
                 "(ringsim list models); DIR: a training that ringsim.capture wrote, with its "
                 "times, buckets, GPU and costs of compressing, which options may replace",
      .limits =
          Custom{[] { return std::string("a name, or a file (with / or .json in its name)"); },
                 model_words},
      .default_value = "mlp"},
     {.group = "work",
      .affects = Affects::both,
      .origins = from_training | from_model,
      .set = set_model,
      .reads = model_files}},
    {{.name = "source",
      .value = "train|synthetic|trace:DIR",
      .meaning =
          "where gradients come from: training, or a trace, which is a folder that ringsim "
          "prune wrote or a shipped one (ringsim list traces); synthetic: none, what is kept "
          "is drawn at random",
      .limits = Custom{accepted_sources, source_words},
      .default_value = "train"},
     {.group = "work",
      .affects = Affects::both,
      .conditions = of_source,
      .set = set_source,
      .reads = trace_files}},
    {{.name = "assume",
      .value = "independent",
      .meaning =
          "masks that ranks select on their own, where a trace has none and a ring adds them "
          "up",
      .limits = OneOf{[] { return std::vector<std::string>{"independent"}; }},
      .default_note = "an error"},
     {.group = "work",
      .conditions = of_assume,
      .set = [](RunOptions& o, const OptionValue&) { o.assumes_independent = true; }}},
    {{.name = "bytes",
      .value = "Q",
      .meaning = "a pure exchange of so many bytes of fp32, e.g. 100MB, without a model",
      .limits = Custom{accepted_bytes, nullptr},
      .needs = "`compute-time` Q"},
     {.group = "work", .affects = Affects::both, .set = set_bytes}},
    {{.name = "steps",
      .value = "N",
      .meaning = "training steps; or `epochs`",
      .limits = step_limits,
      .default_note = "those of the epochs, or of the trace; synthetic: 1"},
     {.group = "work",
      .set = [](RunOptions& o, const OptionValue& v) { o.steps = value_as<std::uint64_t>(v); }}},
    {{.name = "epochs",
      .value = "X",
      .meaning = "passes over the training set, fractions too",
      .limits = Number{1e-6, 1e6},
      .default_value = "1"},
     {.group = "work",
      .origins = from_training,
      .set = [](RunOptions& o, const OptionValue& v) { o.epochs = value_as<double>(v); }}},
    {{.name = "batch",
      .value = "N",
      .meaning = "samples per rank and step",
      .limits = WholeNumber{1, 1'000'000},
      .default_value = "32"},
     {.group = "work",
      .affects = Affects::both,
      .origins = from_training | from_model,
      .conditions = of_batch,
      .set = [](RunOptions& o, const OptionValue& v) { o.batch = value_as<std::size_t>(v); }}},
    {{.name = "seed",
      .value = "N",
      .meaning = "of all random numbers; run: several as 1,2,7 or 1..5, each a run, and their mean",
      .limits = WholeNumber{},
      .default_value = "1"},
     {.group = "work",
      .affects = Affects::both,
      .set = [](RunOptions& o, const OptionValue& v) { o.seed = value_as<std::uint64_t>(v); }}},
    {{.name = "optimizer",
      .value = "NAME",
      .meaning = "what makes an update of the mean gradient (ringsim list optimizers)",
      .limits = NameOf{optimizer_names, [](std::string_view name) { find_optimizer(name); }},
      .default_value = "sgd"},
     {.group = "work",
      .origins = from_training,
      .set = [](RunOptions& o, const OptionValue& v) { o.optimizer = value_as<std::string>(v); }}},
    {{.name = "lr",
      .value = "X",
      .meaning = "learning rate",
      .limits = Number{0, 1e6},
      .default_note = "the optimizer's, or the scheme's (ringsim list schemes)"},
     {.group = "work",
      .origins = from_training,
      .set = [](RunOptions& o, const OptionValue& v) { o.learning_rate = value_as<double>(v); }}},
    {{.name = "momentum",
      .value = "X",
      .meaning = "momentum; adam: beta1",
      .limits = Number{0, 0.9999},
      .default_note = "the optimizer's, or the scheme's"},
     {.group = "work",
      .origins = from_all_but_traces,
      .set = [](RunOptions& o, const OptionValue& v) { o.momentum = value_as<double>(v); }}},
    {{.name = "schedule",
      .value = "NAME",
      .meaning =
          "learning rate over the run: constant, cosine (to 0) or step (a tenth after half of "
          "it, a hundredth after three quarters)",
      .limits = OneOf{[] {
        return std::vector<std::string>(schedule_names().begin(), schedule_names().end());
      }},
      .default_value = "cosine"},
     {.group = "work",
      .origins = from_training,
      .set = [](RunOptions& o, const OptionValue& v) { o.schedule = value_as<std::string>(v); }}},
    {{.name = "label-skew",
      .value = "SKEW",
      .meaning =
          "unequal data per rank: none, dirichlet:X (shares of the classes drawn with "
          "concentration X: 100 is nearly even, 0.1 leaves a rank few classes) or shards:K (K "
          "runs of the samples sorted by class)",
      .limits = Custom{[] { return std::string(accepted_label_skews); },
                       [] {
                         return std::vector<std::string>{"none", "dirichlet:", "shards:"};
                       }},
      .default_value = "none"},
     {.group = "work",
      .origins = from_training,
      .set =
          [](RunOptions& o, const OptionValue& v) {
            o.label_skew = parse_label_skew(value_as<std::string>(v), option_place("label-skew"));
          }}},
    {{.name = "evaluate",
      .value = "test|validation",
      .meaning = "accuracy on the test set, or on the last 10,000 training samples, which are not "
                 "trained on then, to choose settings by",
      .limits = OneOf{[] {
        return std::vector<std::string>{"test", "validation"};
      }},
      .default_value = "test"},
     {.group = "work",
      .origins = from_training,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.validates = value_as<std::string>(v) == "validation"; }}},
    {{.name = "evaluate-every",
      .value = "N",
      .meaning = "measures the accuracy after every N steps, and after the last",
      .limits = step_limits,
      .default_note = "an epoch"},
     {.group = "work",
      .conditions = of_trained,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.evaluate_every = value_as<std::uint64_t>(v); }}},
    {{.name = "target-accuracy",
      .value = "X",
      .meaning = "reports when an accuracy of X is first measured (`evaluate-every`)",
      .limits = Number{0, 1},
      .default_note = "none"},
     {.group = "work",
      .conditions = of_trained,
      .set = [](RunOptions& o, const OptionValue& v) { o.target_accuracy = value_as<double>(v); }}},
};

}  // namespace

extern const OptionGroup work_option_group;
const OptionGroup work_option_group = {rows};

}  // namespace ringsim
