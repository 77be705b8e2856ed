#include "topologies/nccl/model_json.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace ringsim::nccl {
namespace {

constexpr double mega = 1e6, giga = 1e9;

/// A parameter's name; those of bandwidths are seconds per byte, the others seconds.
using Name = std::pair<std::string_view, std::size_t>;

constexpr std::array<std::string_view, parts> part_names = {"call",
                                                            "hop",
                                                            "bandwidth",
                                                            "fill_bandwidth",
                                                            "tree_hop",
                                                            "tree_bandwidth",
                                                            "rise",
                                                            "between_hop",
                                                            "between_bandwidth",
                                                            "between_tree_hop",
                                                            "between_tree_bandwidth"};
constexpr std::array<Name, 5> direct_names = {{{"call", direct_call},
                                               {"bandwidth", direct_byte},
                                               {"fill_bandwidth", direct_fill},
                                               {"between_call", direct_between_call},
                                               {"between_bandwidth", direct_between_byte}}};
constexpr std::array all_protocols = {Protocol::ll, Protocol::ll128, Protocol::simple};

std::array<Name, parts> names_of(Protocol protocol) {
  std::array<Name, parts> names;
  for (std::size_t i = 0; i < parts; ++i)
    names[i] = {part_names[i], parameter(protocol, static_cast<Part>(i))};
  return names;
}

bool is_bandwidth(std::string_view name) { return name.ends_with("bandwidth"); }

std::string rate_text(double seconds_per_byte) {
  return fmt::format("{:.6g}GBps", 1 / seconds_per_byte / giga);
}

void add(Json::Object& object, std::string_view name, double value) {
  if (value <= 0) return;
  object.emplace_back(
      name, is_bandwidth(name) ? rate_text(value) : fmt::format("{:.6g}us", value * mega));
}

void add_all(Json::Object& model, std::string_view name, std::span<const Name> names,
             const std::vector<double>& parameters) {
  Json::Object object;
  for (const auto& [part, place] : names) add(object, part, parameters[place]);
  if (!object.empty()) model.emplace_back(name, std::move(object));
}

void read_all(const std::optional<JsonValue>& value, std::span<const Name> names,
              std::vector<double>& parameters) {
  if (!value) return;
  std::vector<std::string_view> keys;
  for (const auto& name : names) keys.push_back(name.first);
  const auto object = value->object(keys);
  for (const auto& [part, place] : names) {
    const auto found = object.find(part);
    if (!found) continue;
    parameters[place] = is_bandwidth(part) ? 1 / found->bandwidth().value : found->seconds().value;
  }
}

Fabric read_fabric(const JsonValue& value) {
  constexpr std::string_view accepted = "nvlink, pci or sockets is accepted";
  const auto text = value.string(accepted);
  for (const auto fabric : {Fabric::nvlink, Fabric::pci, Fabric::sockets})
    if (text == name_of(fabric)) return fabric;
  value.wrong(accepted);
}

}  // namespace

Json model_json(const Model& model) {
  const auto& [believed, machine, parameters] = model;
  Json::Object json = {{"fabric", std::string(name_of(believed.fabric))},
                       {"believed_bandwidth", rate_text(1 / believed.inside.value)}};
  if (believed.between.value > 0) {
    json.emplace_back("believed_network", rate_text(1 / believed.between.value));
    json.emplace_back("rails", machine.has_rail_per_gpu ? "per-gpu" : "per-node");
  }
  for (const auto p : all_protocols) add_all(json, name_of(p), names_of(p), parameters);
  add_all(json, "direct", direct_names, parameters);
  add(json, "caller", parameters[caller]);
  return json;
}

Model read_model(const JsonValue& value) {
  const auto object = value.object({"fabric", "believed_bandwidth", "believed_network", "rails",
                                    "LL", "LL128", "Simple", "direct", "caller"});
  Model model;
  model.believed = {read_fabric(object["fabric"]), object["believed_bandwidth"].bandwidth(), {}};
  model.machine.fabric = model.believed.fabric;
  if (const auto network = object.find("believed_network"))
    model.believed.between = network->bandwidth();
  if (const auto rails = object.find("rails")) {
    constexpr std::string_view accepted = "per-gpu or per-node is accepted";
    const auto text = rails->string(accepted);
    if (text != "per-gpu" && text != "per-node") rails->wrong(accepted);
    model.machine.has_rail_per_gpu = text == "per-gpu";
  }
  for (const auto p : all_protocols)
    read_all(object.find(name_of(p)), names_of(p), model.parameters);
  read_all(object.find("direct"), direct_names, model.parameters);
  if (const auto caller_time = object.find("caller"))
    model.parameters[caller] = caller_time->seconds().value;
  return model;
}

}  // namespace ringsim::nccl
