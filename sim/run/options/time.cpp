// Options: how long computing takes, and when exchanges begin.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/prune/engine_profile.hpp"
#include "sim/run/options/rows.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

using Files = std::vector<std::filesystem::path>;
using Words = std::vector<std::string>;

[[noreturn]] void refuse(std::string_view name, std::string_view text,
                         const std::string& accepted) {
  throw UserError(option_place(name), fmt::format("found \"{}\"", text), accepted + " is accepted");
}

std::string accepted_compute_times() {
  return "model, a time such as 120ms, or a file (with /, .csv or .json in its name)";
}

void set_compute_time(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  options.compute_time.reset();
  options.ready_times_file.clear();
  if (text == "model") return;
  if (names_ready_times(text)) {
    options.ready_times_file = text;
    return;
  }
  if (!leading_number(text)) refuse("compute-time", text, accepted_compute_times());
  options.compute_time = parse_seconds(text, option_place("compute-time"));
}

Words profile_names() {
  Words names;
  for (const auto& shipped : prune::shipped_engine_profiles()) names.push_back(shipped.name);
  return names;
}

std::string accepted_compress_times() {
  return fmt::format(
      "model, none, a time such as 20us, a shipped profile ({}), or a file (with / or .json in its "
      "name)",
      join(profile_names(), ", "));
}

void set_compress_time(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  if (text == "model" || text == "none") {
    options.compress_time = text == "model" ? CompressTime::model : CompressTime::none;
    return;
  }
  if (text.find('/') != std::string::npos || text.ends_with(".json")) {
    options.compress_time = CompressTime::profile;
    options.compress_profile = text;
    return;
  }
  for (const auto& shipped : prune::shipped_engine_profiles()) {
    if (shipped.name != text) continue;
    options.compress_time = CompressTime::profile;
    options.compress_profile = shipped.path;
    return;
  }
  if (!leading_number(text)) refuse("compress-time", text, accepted_compress_times());
  options.compress_time = CompressTime::fixed;
  options.fixed_compress_time = parse_seconds(text, option_place("compress-time"));
}

std::string accepted_buckets() { return "ddp or a size above zero such as 8MiB"; }

void set_bucket(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  if (text == "ddp") {
    options.bucket = ddp_buckets();
    return;
  }
  if (!leading_number(text)) refuse("bucket", text, accepted_buckets());
  const Bytes size = parse_bytes(text, option_place("bucket"));
  if (size.count == 0) refuse("bucket", text, accepted_buckets());
  options.bucket = BucketRule{.overshoots = false, .cap = size, .first = size};
}

bool models_compute_time(const RunOptions& options) {
  return !options.compute_time && options.ready_times_file.empty();
}
bool models_compress_time(const RunOptions& options) {
  return options.compress_time == CompressTime::model;
}
bool may_overlap(const RunOptions& options) {
  return options.local_steps == 1 || !options.overlap.value_or(false);
}
constexpr Condition of_gpu_speed[] = {{"`compute-time` model", models_compute_time,
                                       "has no effect with a `compute-time` that is given",
                                       "leave one of the two out"}};
constexpr Condition of_memory[] = {{"`compress-time` model", models_compress_time,
                                    "has no effect with a `compress-time` that is given",
                                    "leave one of the two out"}};
constexpr Condition of_overlap[] = {
    {"`local-steps` 1", may_overlap, "has no effect with `local-steps`",
     "leave it out: the weights have moved when the last step has ended"}};

constexpr Condition of_timer[] = {
    {"`overlap` on", overlaps, "has no effect with exchanges that begin after the backward pass",
     "add `bucket` or `overlap` on, or leave it out"}};

constexpr RunOption rows[] = {
    {{.name = "compute-time",
      .value = "Q|model|FILE",
      .meaning = "forward and backward pass of one step; model: operations over `gpu-speed`; FILE: "
                 "measured, when each layer's gradient was ready, as CSV or a trace of the PyTorch "
                 "profiler",
      .limits = Custom{accepted_compute_times, [] { return Words{"model"}; }},
      .default_value = "model"},
     {.group = "time",
      .affects = Affects::timing,
      .set = set_compute_time,
      .reads = [](const RunOptions& o) -> Files {
        return o.ready_times_file.empty() ? Files{} : Files{o.ready_times_file};
      }}},
    {{.name = "gpu-speed",
      .value = "Q",
      .meaning = "sustained speed of a GPU",
      .limits = WithUnit{WithUnit::Kind::flop_per_second},
      .default_value = "9TFLOPS",
      .default_note = "V100, fp32: 367 ResNet-50 images/s of 24.6 GFLOP"},
     {.group = "time",
      .affects = Affects::timing,
      .origins = from_training | from_model,
      .conditions = of_gpu_speed,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.gpu_speed = value_as<FlopPerSecond>(v); }}},
    {{.name = "compress-time",
      .value = "Q|NAME|FILE|model|none",
      .meaning =
          "pruning per step; model: bytes moved over `gpu-memory-bandwidth`; NAME: a shipped "
          "profile; FILE: measured by ringsim bench -o",
      .limits = Custom{accepted_compress_times,
                       [] {
                         auto words = profile_names();
                         words.insert(words.end(), {"model", "none"});
                         return words;
                       }},
      .default_value = "model"},
     {.group = "time",
      .affects = Affects::timing,
      .set = set_compress_time,
      .reads = [](const RunOptions& o) -> Files {
        return o.compress_profile.empty() ? Files{} : Files{o.compress_profile};
      }}},
    {{.name = "gpu-memory-bandwidth",
      .value = "Q",
      .meaning = "how fast a GPU's memory is read and written",
      .limits = WithUnit{WithUnit::Kind::bytes_per_second},
      .default_value = "900GBps",
      .default_note = "V100"},
     {.group = "time",
      .affects = Affects::timing,
      .conditions = of_memory,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.gpu_memory_bandwidth = value_as<BytesPerSecond>(v); }}},
    {{.name = "jitter",
      .value = "X",
      .meaning =
          "spread of the computing time: log-normal with mean 1 and this sigma, per rank and "
          "step",
      .limits = Number{0, 10},
      .default_value = "0"},
     {.group = "time",
      .affects = Affects::timing,
      .set = [](RunOptions& o, const OptionValue& v) { o.jitter = value_as<double>(v); }}},
    {{.name = "bucket",
      .value = "ddp|Q",
      .meaning =
          "gradients are exchanged in buckets, filled from the last layer on: ddp as PyTorch "
          "does (25 MiB, the first 1 MiB, overshot by up to a tensor), or of at most Q, tensors "
          "not split",
      .limits = Custom{accepted_buckets, [] { return Words{"ddp"}; }},
      .default_note = "all together, or ddp with `overlap` on"},
     {.group = "time", .affects = Affects::both, .set = set_bucket}},
    {{.name = "bucket-timeout",
      .value = "Q",
      .meaning = "a bucket that is not full goes so long after the one before it, or with its "
                 "first gradient if that is ready later (Horovod's fusion timer)",
      .limits = WithUnit{WithUnit::Kind::seconds},
      .default_note = "a bucket goes when it is full"},
     {.group = "time",
      .affects = Affects::both,
      .origins = from_training | from_model | from_trace,
      .conditions = of_timer,
      .set = [](RunOptions& o, const OptionValue& v) { o.bucket_timeout = value_as<Seconds>(v); }}},
    {{.name = "overlap",
      .value = "on|off",
      .meaning = "a bucket's exchange begins while the backward pass goes on",
      .limits = OnOff{},
      .default_note = "on with `bucket`"},
     {.group = "time",
      .affects = Affects::both,
      .conditions = of_overlap,
      .set = [](RunOptions& o, const OptionValue& v) { o.overlap = value_as<bool>(v); }}},
};

}  // namespace

extern const OptionGroup time_option_group;
const OptionGroup time_option_group = {rows};

}  // namespace ringsim
