// Options: the GPU of every rank.
#include "base/text.hpp"
#include "models/profiles/gpu.hpp"
#include "sim/run/options/rows.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

using Files = std::vector<std::filesystem::path>;
using Words = std::vector<std::string>;

Words gpu_names() {
  Words names;
  for (const auto& shipped : shipped_gpus()) names.push_back(shipped.name);
  return names;
}

std::string accepted_gpus() {
  return join(gpu_names(), ", ") + ", or a file (with / or .json in its name)";
}

bool takes_speed_of_gpu(const RunOptions& options) {
  return models_compute_time(options) && !options.gpu_speed;
}
bool feels_memory(const RunOptions& options) {
  const auto how = options.compress_time;
  return (how != CompressTime::none && how != CompressTime::fixed) || may_add_ddp(options);
}
bool feels_gpu(const RunOptions& options) {
  return models_compute_time(options) || feels_memory(options);
}

constexpr Condition of_gpu[] = {{"`compute-time` model, or `compress-time` without a time",
                                 feels_gpu,
                                 "has no effect with `compute-time` and `compress-time` that are "
                                 "given",
                                 "leave it out"}};
constexpr Condition of_precision[] = {
    {"`compute-time` model, without `gpu-speed`", takes_speed_of_gpu,
     "has no effect with a `compute-time` or a `gpu-speed` that is given",
     "leave one of the two out"}};
constexpr Condition of_gpu_speed[] = {{"`compute-time` model", models_compute_time,
                                       "has no effect with a `compute-time` that is given",
                                       "leave one of the two out"}};
constexpr Condition of_memory[] = {{"`compress-time` model, torch, fused or FILE", feels_memory,
                                    "has no effect with a `compress-time` that is given",
                                    "leave one of the two out"}};

constexpr RunOption rows[] = {
    {{.name = "gpu",
      .value = "NAME|FILE",
      .meaning =
          "the GPU of every rank: how fast it computes and moves memory, what a kernel takes "
          "at least, and which profiles of compressing were measured on it (ringsim list "
          "gpus)",
      .limits = Custom{accepted_gpus, gpu_names},
      .default_note = "the topology's, or v100"},
     {.group = "machine",
      .affects = Affects::timing,
      .conditions = of_gpu,
      .set =
          [](RunOptions& o, const OptionValue& v) {
            o.gpu = value_as<std::string>(v);
            gpu_file(o.gpu);
          },
      .reads = [](const RunOptions& o) -> Files {
        return o.gpu.empty() ? Files{} : Files{gpu_file(o.gpu)};
      }}},
    {{.name = "precision",
      .value = "NAME",
      .meaning = "of computing: which of the GPU's speeds is taken",
      .limits = OneOf{[] {
        return Words{"fp32", "tf32", "bf16"};
      }},
      .default_note = "the GPU's own: tf32 where it has that"},
     {.group = "machine",
      .affects = Affects::timing,
      .origins = from_training | from_model,
      .conditions = of_precision,
      .set = [](RunOptions& o, const OptionValue& v) { o.precision = value_as<std::string>(v); }}},
    {{.name = "gpu-speed",
      .value = "Q",
      .meaning = "sustained speed of a GPU",
      .limits = WithUnit{WithUnit::Kind::flop_per_second},
      .default_note = "that of `gpu` at `precision`; V100, fp32: 9TFLOPS, 367 ResNet-50 images/s "
                      "of 24.6 GFLOP"},
     {.group = "machine",
      .affects = Affects::timing,
      .origins = from_training | from_model,
      .conditions = of_gpu_speed,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.gpu_speed = value_as<FlopPerSecond>(v); }}},
    {{.name = "gpu-memory-bandwidth",
      .value = "Q",
      .meaning = "how fast a GPU's memory is read and written",
      .limits = WithUnit{WithUnit::Kind::bytes_per_second},
      .default_note = "that of `gpu`; V100: 900GBps"},
     {.group = "machine",
      .affects = Affects::timing,
      .conditions = of_memory,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.gpu_memory_bandwidth = value_as<BytesPerSecond>(v); }}},
};

}  // namespace

extern const OptionGroup machine_option_group;
const OptionGroup machine_option_group = {rows};

}  // namespace ringsim
