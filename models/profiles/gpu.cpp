#include "models/profiles/gpu.hpp"

#include "base/error.hpp"
#include "base/json_reader.hpp"
#include "base/option_names.hpp"
#include "base/shipped_folder.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

constexpr std::string_view format_name = "ringsim gpu 1";
constexpr std::string_view precisions[] = {"fp32", "tf32", "bf16"};

std::string names_of(const Gpu& gpu) {
  std::vector<std::string> names;
  for (const auto& [name, speed] : gpu.speeds) names.push_back(name);
  return join(names, ", ");
}

bool has_speed(const Gpu& gpu, std::string_view precision) {
  return std::ranges::any_of(gpu.speeds, [&](const auto& each) { return each.first == precision; });
}

void read_speeds(const JsonValue& value, Gpu& gpu) {
  const auto object = value.object(precisions);
  for (const auto name : precisions) {
    if (const auto speed = object.find(name)) gpu.speeds.emplace_back(name, speed->flop_rate());
  }
  if (gpu.speeds.empty())
    value.wrong("a speed for one precision or more, such as \"fp32\": \"9TFLOPS\", is accepted");
}

DdpCosts read_ddp(const JsonValue& value) {
  const auto object =
      value.object({"step", "buffer", "copy", "memory_share", "exchange_share", "exchange_rate"});
  return {.step = object["step"].seconds(),
          .buffer = object["buffer"].seconds(),
          .copy = object["copy"].seconds(),
          .memory_share = object["memory_share"].number(1e-3, 1),
          .exchange_share = object["exchange_share"].number(0, 0.9),
          .exchange_rate = object["exchange_rate"].bandwidth()};
}

}  // namespace

FlopPerSecond Gpu::speed(std::string_view precision) const {
  for (const auto& [known, value] : speeds) {
    if (known == precision) return value;
  }
  throw UserError(option_place("precision"),
                  fmt::format("found {}, and the GPU {} has no speed for it", precision, name),
                  names_of(*this) + (speeds.size() == 1 ? " is accepted" : " are accepted"),
                  "take one of these, or give `gpu-speed`");
}

std::vector<ShippedFile> shipped_gpus() {
  return shipped_files({.name = "gpus",
                        .from_program = RINGSIM_GPUS_FROM_PROGRAM,
                        .source = RINGSIM_SOURCE_GPUS,
                        .installed = RINGSIM_INSTALLED_GPUS});
}

Gpu load_gpu(const std::filesystem::path& path) {
  const auto object =
      load_json(path).object({"format", "name", "description", "speeds", "default_precision",
                              "memory_bandwidth", "kernel_floor", "profiles", "ddp", "sources"});
  const JsonValue format = object["format"];
  if (format.string() != format_name)
    format.wrong("\"" + std::string(format_name) + "\" is accepted");
  Gpu gpu{.name = object["name"].string("a name is accepted"),
          .description = object["description"].string(),
          .speeds = {},
          .default_precision = object["default_precision"].string(),
          .memory_bandwidth = object["memory_bandwidth"].bandwidth(),
          .kernel_floor = object["kernel_floor"].seconds(),
          .profiles = {}};
  read_speeds(object["speeds"], gpu);
  if (!has_speed(gpu, gpu.default_precision))
    object["default_precision"].wrong(names_of(gpu) + " is accepted");
  for (const auto& profile : object["profiles"].array("a list of names of profiles is accepted"))
    gpu.profiles.push_back(profile.string("the name of a profile is accepted"));
  if (const auto ddp = object.find("ddp")) gpu.ddp = read_ddp(*ddp);
  for (const auto& source : object["sources"].array("a list of texts is accepted"))
    source.string("a text is accepted");
  return gpu;
}

std::filesystem::path gpu_file(std::string_view what) {
  if (names_file(what)) return what;
  std::vector<std::string> names;
  for (const auto& shipped : shipped_gpus()) {
    if (shipped.name == what) return shipped.path;
    names.push_back(shipped.name);
  }
  if (names.empty()) throw nothing_shipped("gpus");
  throw UserError(option_place("gpu"),
                  fmt::format("unknown GPU \"{}\"{}", what, did_you_mean(what, names)),
                  "accepted: " + join(names, ", ") + ", or a file (with / or .json in its name)");
}

}  // namespace ringsim
