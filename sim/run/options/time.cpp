// Options: how long computing takes, and when exchanges begin.
#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/shipped.hpp"
#include "base/text.hpp"
#include "sim/run/options/rows.hpp"
#include "traces/capture_folder.hpp"
#include "traces/profiler_trace.hpp"

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
  return "model, a time such as 120ms, a file (with /, .csv or .json in its name) or a folder";
}

void set_compute_time(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  options.compute_time.reset();
  options.ready_times_file.clear();
  if (text == "model") return;
  if (names_ready_times(text)) {
    options.ready_times_file =
        is_capture_folder(text) ? read_capture_folder(text).ready_times().string() : text;
    return;
  }
  if (!leading_number(text)) refuse("compute-time", text, accepted_compute_times());
  options.compute_time = parse_seconds(text, option_place("compute-time"));
}

Files ready_time_files(const RunOptions& options) {
  const std::filesystem::path path = options.ready_times_file;
  std::error_code error;
  if (path.empty()) return {};
  return std::filesystem::is_directory(path, error) ? profiler_files(path) : Files{path};
}

std::string accepted_compress_times() {
  return "model, none, torch, fused, a time such as 20us, or a file (with / or .json in its name)";
}

void set_compress_time(RunOptions& options, const OptionValue& value) {
  const auto text = value_as<std::string>(value);
  if (text == "model" || text == "none") {
    options.compress_time = text == "model" ? CompressTime::model : CompressTime::none;
    return;
  }
  if (text == "torch" || text == "fused" || names_file(text)) {
    options.compress_time = CompressTime::profile;
    options.compress_profile = text;
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

bool may_overlap(const RunOptions& options) {
  return options.local_steps == 1 || !options.overlap.value_or(false);
}
bool computes(const RunOptions& options) {
  return !options.compute_time || *options.compute_time > Seconds{};
}
constexpr Condition of_jitter[] = {{"computing that takes time", computes,
                                    "has no effect with a `compute-time` of 0",
                                    "leave one of the two out"}};
constexpr Condition of_overlap[] = {
    {"`local-steps` 1", may_overlap, "has no effect with `local-steps`",
     "leave it out: the weights have moved when the last step has ended"}};

bool is_in_lockstep(const RunOptions& options) { return !feeds_back(options); }
constexpr Condition of_headroom[] = {{"`staleness` 0 and no `quorum`", is_in_lockstep,
                                      "has no effect with `staleness` or `quorum`",
                                      "leave it out"}};

constexpr Condition of_timer[] = {
    {"`overlap` on", overlaps, "has no effect with exchanges that begin after the backward pass",
     "add `bucket` or `overlap` on, or leave it out"}};

constexpr Condition of_ddp[] = {
    {"`overlap` on, and all ranks in every step", overlaps_in_lockstep,
     "has no effect where steps do not overlap their exchange and wait for it", "leave it out"}};
bool does_not_train(const RunOptions& options) { return !trains(options); }
constexpr Condition of_accumulate[] = {
    {"a run that does not train", does_not_train, "has no effect with training",
     "give a `batch` so many times as large, or `source` synthetic"},
    {"computing that takes time", computes, "has no effect with a `compute-time` of 0",
     "leave one of the two out"}};

constexpr RunOption rows[] = {
    {{.name = "compute-time",
      .value = "Q|model|FILE",
      .meaning = "forward and backward pass of one step; model: operations over `gpu-speed`, and "
                 "no less than its "
                 "kernels take; FILE: measured, when each layer's gradient was ready, as CSV or a "
                 "trace of the PyTorch profiler; a folder: traces of ranks, of whose whole steps "
                 "the median counts",
      .limits = Custom{accepted_compute_times, [] { return Words{"model"}; }},
      .default_value = "model"},
     {.group = "time",
      .affects = Affects::timing,
      .set = set_compute_time,
      .reads = ready_time_files}},
    {{.name = "compress-time",
      .value = "WHAT",
      .meaning =
          "compressing per step: a time Q; model: bytes moved over `gpu-memory-bandwidth`; torch, "
          "fused: as measured of PyTorch, or of ringsim's engine, on `gpu` (or on another one, and "
          "scaled to it); FILE: as measured by ringsim bench -o or cost_profile.py",
      .limits = Custom{accepted_compress_times,
                       [] {
                         return Words{"model", "none", "torch", "fused"};
                       }},
      .default_note = "torch where `gpu` was measured with the scheme, else model"},
     {.group = "time",
      .affects = Affects::timing,
      .set = set_compress_time,
      .reads = [](const RunOptions& o) -> Files {
        const bool is_file = names_file(o.compress_profile);
        return is_file && o.compress_time == CompressTime::profile ? Files{o.compress_profile}
                                                                   : Files{};
      }}},
    {{.name = "accumulate",
      .value = "K",
      .meaning = "a step is K forward and backward passes, of `batch` or `compute-time` each; "
                 "gradients are exchanged in the last one",
      .limits = WholeNumber{1, 1'000'000},
      .default_value = "1"},
     {.group = "time",
      .affects = Affects::timing,
      .conditions = of_accumulate,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.accumulate = value_as<std::uint64_t>(v); }}},
    {{.name = "jitter",
      .value = "X",
      .meaning =
          "spread of the computing time: log-normal with mean 1 and this sigma, per rank and "
          "step",
      .limits = Number{0, 10},
      .default_value = "0"},
     {.group = "time",
      .affects = Affects::timing,
      .conditions = of_jitter,
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
    {{.name = "ddp",
      .value = "on|off",
      .meaning = "what PyTorch's DistributedDataParallel adds to computing, as measured on `gpu`: "
                 "copies into buckets and back, what it launches, slower computing beside "
                 "exchanges, and hooks that wait for theirs",
      .limits = OnOff{},
      .default_note = "on where `overlap` is on and `gpu` was measured so"},
     {.group = "time",
      .affects = Affects::timing,
      .conditions = of_ddp,
      .set = [](RunOptions& o, const OptionValue& v) { o.adds_ddp = value_as<bool>(v); }}},
    {{.name = "headroom",
      .value = "on|off",
      .meaning = "dense gradients, in fp32 and in bf16, are timed too, to say how much longer "
                 "compressing may take until they are as fast, and on how fast links they are",
      .limits = OnOff{},
      .default_note = "on in a run, off in the points of a scan"},
     {.group = "time",
      .affects = Affects::timing,
      .conditions = of_headroom,
      .set = [](RunOptions& o, const OptionValue& v) { o.finds_headroom = value_as<bool>(v); }}},
};

}  // namespace

extern const OptionGroup time_option_group;
const OptionGroup time_option_group = {rows};

}  // namespace ringsim
