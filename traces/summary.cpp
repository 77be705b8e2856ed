#include "traces/summary.hpp"

#include "base/json_reader.hpp"

#include <limits>

namespace ringsim {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();

/// null, or a number.
std::optional<double> figure(const JsonValue& value) {
  if (value.is_null()) return std::nullopt;
  return value.number(-largest, largest);
}

double number(const JsonValue& value) { return value.number(-largest, largest); }

void read_seconds(const JsonValue& value, Summary& summary) {
  const auto o = value.object({"compute", "prune", "exchange", "exposed_exchange", "total"});
  summary.seconds_per_step = {number(o["compute"]), number(o["prune"]), number(o["exchange"]),
                              number(o["exposed_exchange"]), number(o["total"])};
}

void read_bytes(const JsonValue& value, Summary& summary) {
  const auto o = value.object({"values", "masks", "headers", "total"});
  summary.bytes_sent_per_rank = {number(o["values"]), number(o["masks"]), number(o["headers"]),
                                 number(o["total"])};
}

void read_ratio(const JsonValue& value, Summary& summary) {
  const auto o = value.object({"kept", "values", "wire", "wire_after_warmup"});
  summary.compression_ratio = {figure(o["kept"]), figure(o["values"]), figure(o["wire"]),
                               figure(o["wire_after_warmup"])};
}

void read_staleness(const JsonValue& value, Summary& summary) {
  const auto o = value.object({"mean", "p50", "p95", "max", "delay_mean", "delay_max"});
  summary.staleness_steps = {figure(o["mean"]), figure(o["p50"]),        figure(o["p95"]),
                             figure(o["max"]),  figure(o["delay_mean"]), figure(o["delay_max"])};
}

void read_target(const JsonValue& value, Summary& summary) {
  if (value.is_null()) return;
  const auto o = value.object({"accuracy", "steps", "seconds"});
  Summary::Target target{number(o["accuracy"]), {}, figure(o["seconds"])};
  if (!o["steps"].is_null()) target.steps = o["steps"].integer(0, any);
  summary.target = target;
}

void read_bottleneck(const JsonValue& value, Summary& summary) {
  if (value.is_null()) return;
  const auto o = value.object({"kind", "name", "share"});
  summary.bottleneck =
      Summary::Bottleneck{o["kind"].string(), o["name"].string(), number(o["share"])};
}

void read_provenance(const JsonValue& value, Summary& summary) {
  const auto o = value.object({"version", "command", "seed", "inputs"});
  auto& provenance = summary.provenance;
  provenance.version = o["version"].string();
  provenance.command = o["command"].string();
  provenance.seed = o["seed"].integer(0, any);
  for (const auto& entry : o["inputs"].array()) {
    const auto input = entry.object({"name", "sha256"});
    provenance.inputs.push_back({input["name"].string(), input["sha256"].string()});
  }
}

}  // namespace

Json to_json(const Summary& s) {
  const auto& seconds = s.seconds_per_step;
  const auto& bytes = s.bytes_sent_per_rank;
  const auto& ratio = s.compression_ratio;
  const auto& age = s.staleness_steps;
  Json bottleneck;
  if (s.bottleneck) {
    bottleneck = Json::Object{
        {"kind", s.bottleneck->kind}, {"name", s.bottleneck->name}, {"share", s.bottleneck->share}};
  }
  Json target;
  if (s.target) {
    target = Json::Object{{"accuracy", s.target->accuracy},
                          {"steps", s.target->steps},
                          {"seconds", s.target->seconds}};
  }
  Json::Array inputs;
  for (const auto& input : s.provenance.inputs) {
    inputs.emplace_back(Json::Object{{"name", input.name}, {"sha256", input.sha256}});
  }
  return Json::Object{
      {"ranks", s.ranks},
      {"scheme", s.scheme},
      {"collective", s.collective},
      {"backend", s.backend},
      {"steps", s.steps},
      {"simulated_seconds", s.simulated_seconds},
      {"seconds_per_step", Json::Object{{"compute", seconds.compute},
                                        {"prune", seconds.prune},
                                        {"exchange", seconds.exchange},
                                        {"exposed_exchange", seconds.exposed_exchange},
                                        {"total", seconds.total}}},
      {"bytes_sent_per_rank", Json::Object{{"values", bytes.values},
                                           {"masks", bytes.masks},
                                           {"headers", bytes.headers},
                                           {"total", bytes.total}}},
      {"compression_ratio", Json::Object{{"kept", ratio.kept},
                                         {"values", ratio.values},
                                         {"wire", ratio.wire},
                                         {"wire_after_warmup", ratio.wire_after_warmup}}},
      {"density", s.density},
      {"staleness_steps", Json::Object{{"mean", age.mean},
                                       {"p50", age.p50},
                                       {"p95", age.p95},
                                       {"max", age.max},
                                       {"delay_mean", age.delay_mean},
                                       {"delay_max", age.delay_max}}},
      {"left_out_ranks", s.left_out_ranks},
      {"target", target},
      {"bottleneck", bottleneck},
      {"accuracy", s.accuracy},
      {"loss", s.loss},
      {"wall_seconds", s.wall_seconds},
      {"provenance", Json::Object{{"version", s.provenance.version},
                                  {"command", s.provenance.command},
                                  {"seed", s.provenance.seed},
                                  {"inputs", inputs}}},
  };
}

namespace {

Summary read_members(const JsonValue& root) {
  const auto o = root.object(
      {"ranks", "scheme", "collective", "backend", "steps", "simulated_seconds", "seconds_per_step",
       "bytes_sent_per_rank", "compression_ratio", "density", "staleness_steps", "left_out_ranks",
       "target", "bottleneck", "accuracy", "loss", "wall_seconds", "provenance"});
  Summary summary;
  summary.ranks =
      static_cast<std::uint32_t>(o["ranks"].integer(1, std::numeric_limits<std::uint32_t>::max()));
  summary.scheme = o["scheme"].string();
  summary.collective = o["collective"].string();
  summary.backend = o["backend"].string();
  summary.steps = o["steps"].integer(0, any);
  summary.simulated_seconds = number(o["simulated_seconds"]);
  read_seconds(o["seconds_per_step"], summary);
  read_bytes(o["bytes_sent_per_rank"], summary);
  read_ratio(o["compression_ratio"], summary);
  summary.density = figure(o["density"]);
  read_staleness(o["staleness_steps"], summary);
  summary.left_out_ranks = figure(o["left_out_ranks"]);
  read_target(o["target"], summary);
  read_bottleneck(o["bottleneck"], summary);
  summary.accuracy = figure(o["accuracy"]);
  summary.loss = figure(o["loss"]);
  summary.wall_seconds = number(o["wall_seconds"]);
  read_provenance(o["provenance"], summary);
  return summary;
}

}  // namespace

Summary parse_summary(std::string_view text, const std::string& file) {
  return read_members(parse_json(text, file));
}

Summary read_summary(const std::filesystem::path& path) { return read_members(load_json(path)); }

}  // namespace ringsim
