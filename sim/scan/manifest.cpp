#include "sim/scan/manifest.hpp"

#include "base/files.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "models/dataset.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

bool trains(const PointSet& points) {
  const auto sources = points.all_values("source");
  if (sources.empty()) return points.all_values("bytes").empty();
  return std::ranges::find(sources, "train") != sources.end();
}

std::string joined(const std::vector<std::string>& values) {
  constexpr std::size_t most = 8;
  std::vector<std::string> shown = values;
  if (shown.size() > most) {
    shown.resize(most);
    shown.push_back(fmt::format("... ({} values)", values.size()));
  }
  return join(shown, ",");
}

/// The first of `b` that `a` does not have alike, told by `tell(of a or null, of b or null)`.
template <class Entry, class Name, class Same, class Tell>
std::optional<std::string> first_change(const std::vector<Entry>& was, const std::vector<Entry>& is,
                                        Name name, Same same, Tell tell) {
  for (const auto& entry : was) {
    const auto other = std::ranges::find(is, name(entry), name);
    if (other == is.end()) return tell(&entry, nullptr);
    if (!same(entry, *other)) return tell(&entry, &*other);
  }
  for (const auto& entry : is) {
    if (std::ranges::find(was, name(entry), name) == was.end()) return tell(nullptr, &entry);
  }
  return std::nullopt;
}

std::optional<std::string> changed_option(const Manifest& was, const Manifest& is) {
  using Entry = std::pair<std::string, std::vector<std::string>>;
  return first_change(
      was.options, is.options, [](const Entry& entry) { return entry.first; },
      [](const Entry& a, const Entry& b) { return a.second == b.second; },
      [](const Entry* a, const Entry* b) {
        if (b == nullptr)
          return fmt::format("`{}` was {}, and is not given", a->first, joined(a->second));
        if (a == nullptr)
          return fmt::format("`{}` was not given, and is {}", b->first, joined(b->second));
        return fmt::format("`{}` was {}, and is {}", a->first, joined(a->second),
                           joined(b->second));
      });
}

std::optional<std::string> changed_input(const Manifest& was, const Manifest& is) {
  using Input = Summary::Input;
  return first_change(
      was.inputs, is.inputs, [](const Input& input) { return input.name; },
      [](const Input& a, const Input& b) { return a.sha256 == b.sha256; },
      [](const Input* a, const Input* b) {
        if (b == nullptr) return fmt::format("{} was read, and is not", a->name);
        if (a == nullptr) return fmt::format("{} was not read, and is", b->name);
        return fmt::format("{} has changed (SHA-256 {:.12}..., now {:.12}...)", a->name, a->sha256,
                           b->sha256);
      });
}

// So that the order of inputs does not depend on the folders in which data and topologies lie.
struct ByFilename {
  bool operator()(const fs::path& a, const fs::path& b) const {
    return std::pair(a.filename(), a) < std::pair(b.filename(), b);
  }
};

}  // namespace

Manifest make_manifest(const ScanRequest& request, const PointSet& points,
                       const std::optional<Shard>& shard, std::vector<std::string> columns) {
  Manifest manifest{RINGSIM_VERSION, {}, request.zip, points.size(), shard, {}, std::move(columns)};
  std::set<fs::path, ByFilename> files;
  if (!request.points_file.empty()) files.insert(request.points_file);
  for (const auto& option : request.options)
    manifest.options.emplace_back(option.name, option.values);
  for (const auto& option : run_options()) {
    if (option.reads == nullptr) continue;
    for (const auto& value : points.all_values(option.name)) {
      RunOptions one;
      set_run_option(one, option.name, value);
      for (const auto& file : option.reads(one)) files.insert(file);
    }
  }
  if (points.all_values("topology").empty())
    files.insert(topology_file(RunOptions{}.topology.what));
  if (trains(points)) {
    for (const auto& file : fashion_mnist_files()) files.insert(file);
  }
  for (const auto& file : files)
    manifest.inputs.push_back({file.string(), sha256(read_file(file, {}, most_of_records))});
  return manifest;
}

std::string to_text(const Manifest& manifest) {
  Json::Object options;
  for (const auto& [name, values] : manifest.options)
    options.emplace_back(name, Json(Json::Array(values.begin(), values.end())));
  const auto& columns = manifest.columns;
  Json::Array inputs;
  for (const auto& input : manifest.inputs)
    inputs.emplace_back(Json::Object{{"name", input.name}, {"sha256", input.sha256}});
  return to_text(Json(
      Json::Object{{"version", manifest.version},
                   {"options", Json(std::move(options))},
                   {"zip", manifest.zip},
                   {"points", manifest.points},
                   {"shard", manifest.shard ? Json(shard_text(*manifest.shard)) : Json(nullptr)},
                   {"inputs", Json(std::move(inputs))},
                   {"columns", Json(Json::Array(columns.begin(), columns.end()))}}));
}

Manifest read_manifest(const fs::path& path) {
  const auto root = load_json(path);
  const auto o = root.object({"version", "options", "zip", "points", "shard", "inputs", "columns"});
  Manifest manifest;
  manifest.version = o["version"].string();
  for (const auto& [name, listed] : o["options"].members()) {
    auto& values = manifest.options.emplace_back(name, std::vector<std::string>{}).second;
    for (const auto& value : listed.array()) values.push_back(value.string());
  }
  manifest.zip = o["zip"].boolean();
  manifest.points = o["points"].integer(1, ~std::uint64_t{0});
  if (!o["shard"].is_null()) manifest.shard = parse_shard(o["shard"].string());
  for (const auto& entry : o["inputs"].array()) {
    const auto input = entry.object({"name", "sha256"});
    manifest.inputs.push_back({input["name"].string(), input["sha256"].string()});
  }
  for (const auto& column : o["columns"].array()) manifest.columns.push_back(column.string());
  return manifest;
}

std::optional<std::string> difference(const Manifest& was, const Manifest& is) {
  if (was.version != is.version)
    return fmt::format("it was made by ringsim {}, and this is {}", was.version, is.version);
  if (auto option = changed_option(was, is)) return option;
  if (was.zip != is.zip)
    return fmt::format("`zip` was {}given, and is{}", was.zip ? "" : "not ", is.zip ? "" : " not");
  if (auto input = changed_input(was, is)) return input;
  if (was.points != is.points)
    return fmt::format("it had {} points, and has {}", was.points, is.points);
  if (was.columns != is.columns) return "its table had other columns";
  return std::nullopt;
}

}  // namespace ringsim
