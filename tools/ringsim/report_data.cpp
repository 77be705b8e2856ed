#include "tools/ringsim/report_data.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "sim/run/assumptions.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/folder.hpp"
#include "sim/scan/manifest.hpp"
#include "sim/scan/point_runner.hpp"
#include "tools/ringsim/link_ends.hpp"
#include "tools/ringsim/report_tables.hpp"
#include "tools/ringsim/runs_verdict.hpp"
#include "tools/ringsim/scan_cases.hpp"
#include "tools/ringsim/scan_verdict.hpp"
#include "topologies/topology.hpp"
#include "traces/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_runs = 64, most_points = 100'000;
// Rows of all runs together: so many are some 800 kB of the page.
constexpr std::size_t most_step_rows = 5'000, most_layer_rows = 6'000, most_messages = 6'000;

std::string name_of(const fs::path& folder) {
  const auto path = folder.lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// What the run's command gave as its topology, where that has no blanks in it.
std::optional<std::string> topology_given(const Summary& summary) {
  std::istringstream words(summary.provenance.command);
  constexpr std::string_view option = "--topology";
  for (std::string word; words >> word;) {
    if (word == option && words >> word) return word;
    if (word.starts_with(option) && word[option.size()] == '=')
      return word.substr(option.size() + 1);
  }
  return std::nullopt;
}

/// The topology file that the run read, where that is there and still the same.
std::optional<Topology> topology_of(const Summary& summary) {
  const auto given = topology_given(summary);
  if (!given) return std::nullopt;
  try {
    const auto file = topology_file(*given);
    const auto hash = sha256(read_file(file));
    const auto is_that = [&](const auto& input) { return input.sha256 == hash; };
    if (std::ranges::any_of(summary.provenance.inputs, is_that)) return load_topology(file);
  } catch (const UserError&) {
    // A kind of topology is no file, and files may have gone since.
  }
  return std::nullopt;
}

/// From which place to which each link leads: hosts by their numbers, and what lies between them.
Json ends_of(const Topology& topology) {
  const auto ends = link_ends(topology);
  if (!ends) return nullptr;
  Json::Array all;
  for (const auto& [from, to] : *ends) all.emplace_back(Json::Array{from, to});
  return all;
}

Json run_data(const fs::path& folder, const std::string& name, std::size_t runs) {
  const auto summary = read_summary(folder / "summary.json");
  const auto network = topology_of(summary);
  auto steps = thinned_table(folder, table_of<StepRow>(), most_step_rows / runs);
  auto layers = thinned_table(folder, table_of<LayerRow>(), most_layer_rows / runs);
  return Json::Object{{"name", name},
                      {"summary", to_json(summary)},
                      {"gpus_per_node", network ? Json(network->gpus_per_node()) : Json()},
                      {"hosts", network ? Json(network->hosts()) : Json()},
                      {"link_ends", network ? ends_of(*network) : Json()},
                      {"every", Json::Object{{"steps", steps.every}, {"layers", layers.every}}},
                      {"steps", std::move(steps.csv)},
                      {"layers", std::move(layers.csv)},
                      {"transfers", first_messages(folder, most_messages / runs)},
                      {"links", whole_table(folder, table_of<LinkRow>())},
                      {"staleness", whole_table(folder, table_of<StalenessRow>())}};
}

Json scan_data(const fs::path& folder) {
  const auto path = folder / "scan.csv";
  std::string csv;
  std::size_t rows = 0;
  for_rows(path, [&](std::string_view row) {
    csv += row;
    if (rows++ <= most_points) return true;
    throw UserError({path.string(), {}}, fmt::format("found more than {} points", most_points), {},
                    "scan fewer values, or look at the file in parts");
  });
  if (!csv.starts_with("point,")) {
    throw UserError({path.string(), {}}, "found no table of points", accepted_folders);
  }
  return Json::Object{{"name", name_of(folder)}, {"csv", std::move(csv)}};
}

/// The folders seed-N in it that hold runs, by their numbers.
std::vector<fs::path> seeds_in(const fs::path& folder) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("seed-") || !fs::exists(entry.path() / "summary.json")) continue;
    if (const auto seed = parse_whole_number(std::string_view(name).substr(5)))
      found.emplace_back(*seed, entry.path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> folders;
  folders.reserve(found.size());
  for (auto& [seed, path] : found) folders.push_back(std::move(path));
  return folders;
}

bool is_scan(const fs::path& folder) { return fs::exists(folder / "scan.csv"); }

/// Adds the runs that `folder` holds. Throws UserError where it holds none.
void add_runs(const fs::path& folder, std::vector<fs::path>& runs) {
  if (fs::exists(folder / "summary.json")) return runs.push_back(folder);
  const std::string where = folder.string();
  if (!fs::is_directory(folder)) {
    throw UserError({where, {}}, fs::exists(folder) ? "is no folder" : "there is no such folder",
                    accepted_folders);
  }
  if (fs::exists(folder / "scan.json")) {
    throw UserError({where, {}}, "found a scan without its table scan.csv: it has not ended", {},
                    "run the command of the scan again, which goes on; or end it with Ctrl-C");
  }
  const auto seeds = seeds_in(folder);
  if (seeds.empty()) {
    throw UserError({where, {}}, "found neither summary.json nor scan.csv in it", accepted_folders);
  }
  runs.insert(runs.end(), seeds.begin(), seeds.end());
}

/// The last part of each path, or all of it where two would have one name.
std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::multiset<std::string> names;
  for (const auto& folder : folders) names.insert(name_of(folder));
  std::vector<std::string> chosen;
  chosen.reserve(folders.size());
  for (const auto& folder : folders)
    chosen.push_back(names.count(name_of(folder)) == 1 ? name_of(folder) : folder.string());
  return chosen;
}

Json json_of(const Verdict& verdict) {
  Json::Array paragraphs;
  for (auto& text : verdict_paragraphs(verdict)) paragraphs.emplace_back(std::move(text));
  return paragraphs;
}

/// The points of a scan, where its folder says which they are and what they read is there.
std::optional<PointSet> points_of(const fs::path& folder) {
  try {
    const auto manifest = read_manifest(folder / manifest_name);
    ScanRequest request{.options = {}, .zip = manifest.zip, .points_file = {}};
    for (const auto& [name, values] : manifest.options) {
      const auto* option = find_run_option(name);
      if (option == nullptr) return std::nullopt;
      request.options.push_back({option->name, values});
    }
    PointSet points(request);
    // Those of a points file are others.
    return points.size() == manifest.points ? std::optional(std::move(points)) : std::nullopt;
  } catch (const UserError&) {
    return std::nullopt;
  }
}

Verdict verdict_of_scan(const fs::path& folder) {
  const auto path = folder / "scan.csv";
  const auto scan = read_scan_rows(read_file(path), path.string());
  const auto points = points_of(folder);
  return scan_verdict(scan, [&](std::uint32_t point) {
    return points && point < points->size() ? assumptions(options_of(points->assignments(point)))
                                            : std::vector<std::string>();
  });
}

Verdict verdict_of_runs(const std::vector<fs::path>& runs, const std::vector<std::string>& names) {
  std::vector<NamedSummary> all;
  for (std::size_t i = 0; i < runs.size(); ++i)
    all.push_back({names[i], read_summary(runs[i] / "summary.json")});
  return runs_verdict(all);
}

}  // namespace

Json report_data(const std::vector<std::string>& folders) {
  Json::Object data{{"version", RINGSIM_VERSION}};
  std::vector<fs::path> runs;
  for (const auto& folder : folders) {
    if (!is_scan(folder)) {
      add_runs(folder, runs);
    } else if (folders.size() > 1) {
      throw UserError({folder, {}}, "found a scan beside other folders",
                      "several runs, or one scan, are accepted");
    } else {
      data.emplace_back("scan", scan_data(folder));
      data.emplace_back("verdict", json_of(verdict_of_scan(folder)));
      return data;
    }
  }
  if (runs.size() > most_runs) {
    throw UserError({}, fmt::format("found {} runs", runs.size()),
                    fmt::format("at most {} fit on a page", most_runs));
  }
  const auto names = names_of(runs);
  Json::Array all;
  for (std::size_t i = 0; i < runs.size(); ++i)
    all.push_back(run_data(runs[i], names[i], runs.size()));
  data.emplace_back("runs", std::move(all));
  data.emplace_back("verdict", json_of(verdict_of_runs(runs, names)));
  return data;
}

}  // namespace ringsim
