#include "topologies/schema.hpp"

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "topologies/topology.hpp"

#include <fmt/format.h>

#include <array>

namespace ringsim {
namespace {

constexpr std::size_t widest_line = 120;

constexpr std::array<TopologyKey, 7> first_keys = {{
    {"$schema", R"({"type": "string"})", false},
    {"name", R"({"type": "string", "description": "Names the topology in tables."})"},
    {"description", R"({"type": "string", "description": "One line for people."})", false},
    {"kind", R"({"type": "string"})"},
    {"gpu", R"({"type": "string", "description": "The GPU of its hosts, e.g. a100."})", false},
    {"library",
     R"({"enum": ["nccl"], "description": "What its hosts exchange with: --collective auto takes it."})",
     false},
    {"nvls",
     R"({"$ref": "#/definitions/bandwidth",
         "description": "What NCCL's all-reduces reach whose bytes NVLink's switches add up: those of a call over its time."})",
     false},
}};

constexpr std::array<TopologyKey, 4> last_keys = {{
    {"link_exceptions", R"({"type": "array", "items": {"$ref": "#/definitions/link_exception"},
                           "description": "Links that differ; each entry replaces its link."})",
     false},
    {"host", R"({"$ref": "#/definitions/host"})", false},
    {"host_exceptions", R"({"type": "array", "items": {"$ref": "#/definitions/host_exception"},
                           "description": "Hosts that differ."})",
     false},
    {"calibration", R"({"$ref": "#/definitions/calibration"})", false},
}};

/// What links and hosts of every kind consist of.
constexpr std::string_view parts = R"({
  "bandwidth": {"type": "string", "pattern": "^[0-9.]+([eE][+-]?[0-9]+)? *([kKMGT]i?)?[bB]ps$",
                "description": "Per direction, e.g. 10Gbps (bits) or 1.25GBps (bytes)."},
  "seconds": {"type": "string", "pattern": "^[0-9.eE+-]+ *(ns|us|ms|s)$", "description": "E.g. 5us."},
  "bytes": {"type": "string", "pattern": "^[0-9.eE+-]+ *([kKMGT]i?)?B$", "description": "E.g. 64KiB."},
  "efficiency": {"type": "number", "minimum": 0.001, "maximum": 1,
                 "description": "Payload's share of the bandwidth."},
  "sizes": {
    "type": "array", "minItems": 1,
    "description": "Latency and bandwidth of messages of at least so many bytes.",
    "items": {
      "type": "object",
      "properties": {"from": {"$ref": "#/definitions/bytes"}, "latency": {"$ref": "#/definitions/seconds"},
                     "bandwidth": {"$ref": "#/definitions/bandwidth"}},
      "required": ["from", "latency", "bandwidth"], "additionalProperties": false}},
  "link_profile": {
    "type": "array", "minItems": 1, "description": "Bandwidth from a time on.",
    "items": {
      "type": "object",
      "properties": {"at": {"$ref": "#/definitions/seconds"}, "bandwidth": {"$ref": "#/definitions/bandwidth"}},
      "required": ["at", "bandwidth"], "additionalProperties": false}},
  "calibration": {
    "type": "object",
    "description": "The measured times that the links were fitted to, as ringsim calibrate writes it.",
    "properties": {
      "operations": {"type": "array", "items": {"type": "string"}},
      "ranks": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 1048576}},
      "nodes": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 1048576}},
      "smallest": {"$ref": "#/definitions/bytes"}, "largest": {"$ref": "#/definitions/bytes"},
      "median_error": {"type": "number", "minimum": 0}, "worst_error": {"type": "number", "minimum": 0},
      "warnings": {"type": "array", "items": {"type": "string"}},
      "model": {"type": "object", "description": "Fitted parameters, by which --collective nccl takes its time."}},
    "required": ["operations", "ranks", "nodes", "smallest", "largest", "median_error", "worst_error"],
    "additionalProperties": false},
  "outages": {
    "type": "array", "minItems": 1, "description": "Times in which nothing passes.",
    "items": {
      "type": "object",
      "properties": {"from": {"$ref": "#/definitions/seconds"}, "until": {"$ref": "#/definitions/seconds"}},
      "required": ["from", "until"], "additionalProperties": false}},
  "background": {
    "type": "array", "minItems": 1, "description": "Traffic of others, at a constant rate.",
    "items": {
      "type": "object",
      "properties": {"bandwidth": {"$ref": "#/definitions/bandwidth"}, "from": {"$ref": "#/definitions/seconds"},
                     "until": {"$ref": "#/definitions/seconds"}},
      "required": ["bandwidth"], "additionalProperties": false}}
})";

constexpr std::array<TopologyKey, 9> link_keys = {{
    {"bandwidth", R"({"$ref": "#/definitions/bandwidth"})"},
    {"latency", R"({"$ref": "#/definitions/seconds"})"},
    {"efficiency", R"({"$ref": "#/definitions/efficiency"})", false},
    {"sizes", R"({"$ref": "#/definitions/sizes"})", false},
    {"profile", R"({"$ref": "#/definitions/link_profile"})", false},
    {"outages", R"({"$ref": "#/definitions/outages"})", false},
    {"background", R"({"$ref": "#/definitions/background"})", false},
    {"medium",
     R"({"enum": ["ethernet"], "description": "TCP over it leaves its headers' share out."})",
     false},
    {"mtu",
     R"({"type": "integer", "minimum": 576, "maximum": 65535, "description": "Bytes of an IP packet, e.g. 1500."})",
     false},
}};
constexpr std::string_view link_conditions =
    R"({"not": {"anyOf": [{"required": ["efficiency", "sizes"]}, {"required": ["efficiency", "medium"]},
                          {"required": ["sizes", "medium"]}]},
        "dependencies": {"medium": ["mtu"], "mtu": ["medium"]}})";

constexpr std::array<TopologyKey, 4> host_keys = {{
    {"speed",
     R"({"type": "number", "minimum": 0.001, "maximum": 1000,
         "description": "Computing speed against a host of speed 1."})",
     false},
    {"jitter",
     R"({"type": "number", "minimum": 0, "maximum": 10,
         "description": "Spread of the computing time, as `jitter`."})",
     false},
    {"reduce_rate",
     R"({"$ref": "#/definitions/bandwidth",
         "description": "How fast the host adds up what it receives, in bytes received. Absent: in no time."})",
     false},
    {"profile",
     R"({"type": "array", "minItems": 1, "description": "Speed from a time on.",
         "items": {
           "type": "object",
           "properties": {"at": {"$ref": "#/definitions/seconds"},
                          "speed": {"type": "number", "minimum": 0.001, "maximum": 1000}},
           "required": ["at", "speed"], "additionalProperties": false}})",
     false},
}};

Json parsed(std::string_view text) { return parse_json(text, "the schema's source").json(); }

Json::Object members_of(std::string_view text) { return *parsed(text).get_if<Json::Object>(); }

/// An object of these keys alone.
Json::Object object_schema(std::span<const TopologyKey> keys, std::string_view conditions = "{}") {
  Json::Object properties;
  Json::Array required;
  for (const auto& key : keys) {
    properties.emplace_back(key.name, parsed(key.schema));
    if (key.is_required) required.emplace_back(key.name);
  }
  Json::Object schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema.emplace_back("required", std::move(required));
  schema.emplace_back("additionalProperties", false);
  for (auto& condition : members_of(conditions)) schema.push_back(std::move(condition));
  return schema;
}

Json::Object object_schema(const TopologyKey& first, std::span<const TopologyKey> more,
                           std::string_view conditions) {
  std::vector<TopologyKey> keys;
  keys.reserve(1 + more.size());
  keys.push_back(first);
  keys.insert(keys.end(), more.begin(), more.end());
  return object_schema(keys, conditions);
}

Json::Object kind_schema(const TopologyKindDefinition& kind) {
  auto keys = keys_of(kind);
  const std::string constant = fmt::format(R"({{"const": "{}"}})", kind.name);
  for (auto& key : keys) {
    if (key.name == "kind") key.schema = constant;
  }
  return object_schema(keys, kind.conditions);
}

Json::Object definitions() {
  Json::Object all;
  for (const auto* kind : topology_kinds()) all.emplace_back(kind->name, kind_schema(*kind));
  for (auto& part : members_of(parts)) all.push_back(std::move(part));
  all.emplace_back("link", object_schema(link_keys, link_conditions));
  all.emplace_back("named_link", object_schema({"name",
                                                R"({"type": "string", "pattern": "^[^:]+$",
                                      "description": "Names the link in links.csv."})",
                                                false},
                                               link_keys, link_conditions));
  all.emplace_back(
      "link_exception",
      object_schema(
          {"link",
           R"({"type": "string", "description": "Name of the link, as ringsim topology show prints it."})"},
          link_keys, link_conditions));
  all.emplace_back("host", object_schema(host_keys));
  std::vector<TopologyKey> exception_keys;
  exception_keys.reserve(host_keys.size() + 2);
  exception_keys.push_back(
      {"host", R"({"type": "integer", "minimum": 0, "description": "Number of the host."})"});
  exception_keys.insert(exception_keys.end(), host_keys.begin(), host_keys.end());
  exception_keys.push_back(
      {"dies", R"({"$ref": "#/definitions/seconds", "description": "When it stops for good."})",
       false});
  all.emplace_back("host_exception", object_schema(exception_keys));
  return all;
}

/// The text in one line, or with an element in each.
std::string formatted(const Json& json, std::size_t indent, std::size_t room) {
  const auto* array = json.get_if<Json::Array>();
  const auto* object = json.get_if<Json::Object>();
  if (!array && !object) {
    std::string text = to_text(json);
    text.pop_back();
    return text;
  }
  const auto elements = [&](std::size_t inner, std::size_t width) {
    std::vector<std::string> texts;
    if (array) {
      for (const auto& element : *array) texts.push_back(formatted(element, inner, width));
      return texts;
    }
    for (const auto& [key, member] : *object) {
      const std::string name = fmt::format("\"{}\": ", key);
      texts.push_back(name + formatted(member, inner, width - std::min(width, name.size())));
    }
    return texts;
  };
  const char open = array ? '[' : '{', close = array ? ']' : '}';
  auto line = fmt::format("{}{}{}", open, join(elements(indent, std::string::npos), ", "), close);
  if (line.size() <= room) return line;
  const std::string blanks(indent + 2, ' ');
  // A comma follows an element.
  return fmt::format("{}\n{}{}\n{}{}", open, blanks,
                     join(elements(indent + 2, widest_line - indent - 3), ",\n" + blanks),
                     std::string(indent, ' '), close);
}

}  // namespace

std::vector<TopologyKey> keys_of(const TopologyKindDefinition& kind) {
  std::vector<TopologyKey> keys(first_keys.begin(), first_keys.end());
  keys.insert(keys.end(), kind.keys.begin(), kind.keys.end());
  keys.insert(keys.end(), last_keys.begin(), last_keys.end());
  return keys;
}

std::string topology_schema() {
  Json::Array names, choices;
  for (const auto* kind : topology_kinds()) {
    names.emplace_back(kind->name);
    choices.push_back(parsed(fmt::format(
        R"({{"if": {{"properties": {{"kind": {{"const": "{0}"}}}}, "required": ["kind"]}},
             "then": {{"$ref": "#/definitions/{0}"}}}})",
        kind->name)));
  }
  const Json schema = Json::Object{
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "ringsim topology"},
      {"description",
       "Links between the GPUs that train together. README.md beside this file explains every "
       "field."},
      {"type", "object"},
      {"properties", Json::Object{{"kind", Json::Object{{"enum", std::move(names)}}}}},
      {"required", Json::Array{"name", "kind"}},
      {"allOf", std::move(choices)},
      {"definitions", definitions()}};
  return formatted(schema, 0, 0) + "\n";
}

}  // namespace ringsim
