// Profiles as files.
#include "base/json_reader.hpp"
#include "base/text.hpp"
#include "models/profiles/cost_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ringsim {
namespace {

constexpr std::string_view format_name = "ringsim cost profile 1";
constexpr std::array<std::pair<std::string_view, CostStage>, 3> stage_names = {
    {{"encode", CostStage::encode},
     {"between", CostStage::between},
     {"decode", CostStage::decode}}};
constexpr std::uint64_t most_points = 1'000'000'000;

std::string_view name_of(CostStage stage) {
  return std::ranges::find(stage_names, stage, [](const auto& each) { return each.second; })->first;
}

CostStage read_stage(const JsonValue& value) {
  constexpr std::string_view accepted = "\"encode\", \"between\" or \"decode\" is accepted";
  const std::string name = value.string(accepted);
  for (const auto& [known, stage] : stage_names) {
    if (name == known) return stage;
  }
  value.wrong(accepted);
}

CostCounts read_seconds_per(const JsonValue& value, bool by_host) {
  std::vector<std::string_view> names;
  for (const auto& term : cost_terms()) {
    if (term.by_host || !by_host) names.push_back(term.name);
  }
  const auto object = value.object(names);
  CostCounts seconds;
  for (const auto& term : cost_terms()) {
    if (const auto found = object.find(term.name)) seconds.*term.count = found->number(0, 1e6);
  }
  return seconds;
}

std::optional<CostErrors> read_errors(const JsonValue& value) {
  if (value.is_null()) return std::nullopt;
  const auto object = value.object({"points", "median", "worst"});
  return CostErrors{.points = object["points"].integer(1, most_points),
                    .median = object["median"].number(0, 1e9),
                    .worst = object["worst"].number(0, 1e9)};
}

StageCosts read_stage_costs(const JsonValue& value) {
  const auto object =
      value.object({"stage", "host_seconds_per", "device_seconds_per", "fitted", "held_out"});
  return {.stage = read_stage(object["stage"]),
          .host_seconds_per = read_seconds_per(object["host_seconds_per"], true),
          .device_seconds_per = read_seconds_per(object["device_seconds_per"], false),
          .fitted = read_errors(object["fitted"]),
          .held_out = read_errors(object["held_out"])};
}

SchemeCosts read_scheme(const JsonValue& value) {
  const auto object = value.object({"scheme", "rank", "values", "description", "waits", "stages"});
  SchemeCosts costs{.scheme = object["scheme"].string("the name of a scheme is accepted"),
                    .rank = {},
                    .values = {},
                    .description = object["description"].string(),
                    .stages = {}};
  if (const auto rank = object.find("rank")) costs.rank = rank->integer(1, 1'000'000);
  if (const auto values = object.find("values"))
    costs.values = values->string("the name of a type of values is accepted");
  if (const auto waits = object.find("waits")) costs.waits = waits->boolean();
  constexpr std::string_view accepted = "a list of stages, each once, is accepted";
  for (const auto& each : object["stages"].array(accepted)) {
    auto stage = read_stage_costs(each);
    if (std::ranges::find(costs.stages, stage.stage, &StageCosts::stage) != costs.stages.end())
      object["stages"].wrong(accepted);
    costs.stages.push_back(stage);
  }
  if (costs.stages.empty()) object["stages"].wrong(accepted);
  return costs;
}

std::vector<SchemeCosts> read_schemes(const JsonValue& value) {
  constexpr std::string_view accepted =
      "a list of schemes, each once (for each \"rank\" or type of \"values\"), is accepted";
  std::vector<SchemeCosts> schemes;
  for (const auto& each : value.array(accepted)) {
    auto costs = read_scheme(each);
    const bool is_there = std::ranges::any_of(schemes, [&](const SchemeCosts& other) {
      return other.scheme == costs.scheme && other.rank == costs.rank &&
             other.values == costs.values;
    });
    if (is_there) value.wrong(accepted);
    schemes.push_back(std::move(costs));
  }
  if (schemes.empty()) value.wrong(accepted);
  return schemes;
}

std::vector<std::pair<std::string, std::string>> read_versions(const JsonValue& value) {
  constexpr std::string_view accepted = "an object of texts is accepted";
  std::vector<std::pair<std::string, std::string>> versions;
  for (const auto& [name, version] : value.members(accepted))
    versions.emplace_back(name, version.string(accepted));
  return versions;
}

std::optional<std::string> read_text(const JsonValue& value) {
  if (value.is_null()) return std::nullopt;
  return value.string("a string or null is accepted");
}

Json seconds_to_json(const CostCounts& seconds) {
  Json::Object object;
  for (const auto& term : cost_terms()) {
    if (seconds.*term.count > 0) object.emplace_back(term.name, seconds.*term.count);
  }
  return object;
}

Json errors_to_json(const std::optional<CostErrors>& errors) {
  if (!errors) return nullptr;
  return Json::Object{
      {"points", errors->points}, {"median", errors->median}, {"worst", errors->worst}};
}

Json scheme_to_json(const SchemeCosts& costs) {
  Json::Object object{{"scheme", costs.scheme}};
  if (costs.rank) object.emplace_back("rank", *costs.rank);
  if (costs.values) object.emplace_back("values", *costs.values);
  object.emplace_back("description", costs.description);
  if (costs.waits) object.emplace_back("waits", true);
  Json::Array stages;
  for (const auto& stage : costs.stages) {
    stages.push_back(Json::Object{{"stage", name_of(stage.stage)},
                                  {"host_seconds_per", seconds_to_json(stage.host_seconds_per)},
                                  {"device_seconds_per", seconds_to_json(stage.device_seconds_per)},
                                  {"fitted", errors_to_json(stage.fitted)},
                                  {"held_out", errors_to_json(stage.held_out)}});
  }
  object.emplace_back("stages", std::move(stages));
  return object;
}

}  // namespace

Json to_json(const CostProfile& profile) {
  Json::Object versions;
  for (const auto& [name, version] : profile.versions) versions.emplace_back(name, version);
  Json::Array schemes;
  for (const auto& costs : profile.schemes) schemes.push_back(scheme_to_json(costs));
  Json bandwidth;
  if (profile.memory_bandwidth) bandwidth = fmt::format("{}Bps", profile.memory_bandwidth->value);
  return Json::Object{{"format", format_name},
                      {"implementation", profile.implementation},
                      {"gpu", profile.gpu},
                      {"device", profile.device},
                      {"memory_bandwidth", std::move(bandwidth)},
                      {"driver", profile.driver},
                      {"versions", std::move(versions)},
                      {"schemes", std::move(schemes)},
                      {"provenance", profile.provenance}};
}

CostProfile load_cost_profile(const std::filesystem::path& path) {
  const JsonValue value = load_json(path);
  const auto object = value.object({"format", "implementation", "gpu", "device", "memory_bandwidth",
                                    "driver", "versions", "schemes", "provenance"});
  const JsonValue format = object["format"];
  if (format.string() != format_name) {
    format.wrong("\"" + std::string(format_name) + "\" is accepted",
                 "cost_profile.py and `ringsim bench` write such a file");
  }
  CostProfile profile{.implementation = object["implementation"].string(),
                      .gpu = read_text(object["gpu"]),
                      .device = object["device"].string(),
                      .memory_bandwidth = {},
                      .driver = read_text(object["driver"]),
                      .versions = read_versions(object["versions"]),
                      .schemes = read_schemes(object["schemes"]),
                      .provenance = object["provenance"].json()};
  const JsonValue bandwidth = object["memory_bandwidth"];
  if (!bandwidth.is_null()) profile.memory_bandwidth = bandwidth.bandwidth();
  if (profile.gpu && !profile.memory_bandwidth)
    bandwidth.wrong("the memory bandwidth of the GPU, such as \"3350GBps\", is accepted");
  if (!object["provenance"].is_object()) object["provenance"].wrong("an object is accepted");
  return profile;
}

}  // namespace ringsim
