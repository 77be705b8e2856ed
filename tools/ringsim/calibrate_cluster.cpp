#include "tools/ringsim/calibrate_cluster.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "tools/ringsim/calibration_output.hpp"
#include "tools/ringsim/table.hpp"
#include "topologies/calibration/cluster/cluster_file.hpp"
#include "topologies/calibration/measured_table.hpp"
#include "traces/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ringsim {
namespace {

using namespace cluster;

/// A fit that errs by more than this in the median, or in the worst case, is told to the user.
constexpr double usual_median = 0.15, usual_worst = 0.6;
/// No file is written of a fit that errs more in the median, unless it is forced.
constexpr double most_median = 0.5;

struct NamedErrors {
  std::string kind;  ///< "fitted" or "held out"
  std::vector<GroupError> groups;
};

struct ClusterResult {
  std::size_t tables = 0, observations = 0;
  ClusterFit fit;
  FitError error;
  std::vector<NamedErrors> errors;
  std::vector<std::string> warnings;
};

void complete(MeasuredSetting& setting, std::optional<std::uint32_t> gpus_per_node) {
  if (!gpus_per_node) return;
  if (setting.nodes && !setting.ranks) setting.ranks = *setting.nodes * *gpus_per_node;
  if (setting.ranks && !setting.nodes)
    setting.nodes = std::max(1U, (*setting.ranks + *gpus_per_node - 1) / *gpus_per_node);
}

std::vector<MeasuredTable> read_tables(const ClusterRequest& request) {
  std::vector<MeasuredTable> all;
  for (const auto& file : request.files) {
    auto measured = read_measured(file, request.use);
    auto* tables = std::get_if<std::vector<MeasuredTable>>(&measured);
    if (!tables) {
      throw UserError({file, {}}, "found what iperf3 writes",
                      "beside other files, tables of collectives are accepted",
                      "calibrate with it alone");
    }
    for (auto& table : *tables) {
      complete(table.setting, request.gpus_per_node);
      all.push_back(std::move(table));
    }
  }
  return all;
}

std::vector<std::string> warnings_of(const ClusterResult& result) {
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& what, const FitError& error) {
    if (error.median <= usual_median && error.worst <= usual_worst) return;
    warnings.push_back(fmt::format("{} the median error is {}, the worst {}.", what,
                                   percent(error.median), percent(error.worst)));
  };
  warn("Of the fit", result.error);
  for (const auto& [kind, groups] : result.errors) {
    for (const auto& group : groups) {
      if (group.is_part) continue;
      if (kind == "held out" && group.error.sizes > 0)
        warn(fmt::format("Predicted without {},", group.group), group.error);
      if (group.unknown > 0) {
        warnings.push_back(
            fmt::format("Of {} {} times are of links that the others say nothing of.", group.group,
                        group.unknown));
      }
    }
  }
  return warnings;
}

ClusterResult fit_tables(const ClusterRequest& request) {
  const auto tables = read_tables(request);
  const auto observations = observations_of(tables);
  ClusterResult result;
  result.tables = tables.size();
  result.observations = observations.size();
  result.fit = fit_cluster(observations);
  result.error = error_on(result.fit, observations);
  for (const auto group : {Group::operations, Group::ranks, Group::nodes}) {
    auto errors = errors_by(result.fit, observations, group);
    if (errors.size() > 1) result.errors.push_back({"fitted", std::move(errors)});
  }
  if (request.holdout) {
    auto errors = hold_out(observations, *request.holdout);
    if (errors.empty()) {
      throw UserError({{}, "--holdout"}, "there is one group, so that nothing is left to fit to",
                      "tables of several groups are accepted");
    }
    result.errors.push_back({"held out", std::move(errors)});
  }
  result.warnings = warnings_of(result);
  return result;
}

std::string scope_text(const Scope& scope) {
  return fmt::format("{} on {} ranks, {} node{}, {} to {}", join(scope.operations, ", "),
                     fmt::join(scope.ranks, ", "), fmt::join(scope.nodes, ", "),
                     scope.nodes == std::vector<std::uint32_t>{1} ? "" : "s",
                     format(scope.smallest), format(scope.largest));
}

void print_text(const ClusterResult& result) {
  fmt::print("{} tables, {} sizes: {}\n\n", result.tables, result.observations,
             scope_text(result.fit.scope));
  std::vector<std::vector<std::string>> rows = {
      {"", "", "sizes", "median error", "worst error"},
      {"fitted", "all", fmt::format("{}", result.error.sizes), percent(result.error.median),
       percent(result.error.worst)}};
  for (const auto& [kind, groups] : result.errors) {
    for (const auto& [group, error, unknown, is_part] : groups) {
      if (error.sizes == 0) continue;
      rows.push_back({kind, group, fmt::format("{}", error.sizes), percent(error.median),
                      percent(error.worst)});
    }
  }
  fmt::print("{}\n", format_table(rows));
  std::vector<std::vector<std::string>> parameters = {{"", "parameter", "fitted"}};
  const auto model = model_json(result.fit);
  for (const auto& [key, value] : *model.get_if<Json::Object>()) {
    if (const auto* text = value.get_if<std::string>()) parameters.push_back({"", key, *text});
    if (const auto* object = value.get_if<Json::Object>()) {
      for (const auto& [name, part] : *object)
        parameters.push_back({key, name, *part.get_if<std::string>()});
    }
  }
  fmt::print("{}", format_table(parameters));
}

Json json_of(const ClusterResult& result) {
  Json::Array groups;
  for (const auto& [kind, errors] : result.errors) {
    for (const auto& [group, error, unknown, is_part] : errors) {
      groups.emplace_back(Json::Object{{"kind", kind},
                                       {"group", group},
                                       {"sizes", std::uint64_t{error.sizes}},
                                       {"median", error.median},
                                       {"worst", error.worst},
                                       {"unknown", std::uint64_t{unknown}}});
    }
  }
  return Json::Object{
      {"tables", std::uint64_t{result.tables}},
      {"calibration", calibration_json(result.fit.scope, result.error, result.warnings)},
      {"sizes", std::uint64_t{result.observations}},
      {"model", model_json(result.fit)},
      {"errors", std::move(groups)}};
}

void print_csv(const ClusterResult& result) {
  const auto row = [](const std::string& kind, const std::string& group, const FitError& error) {
    fmt::print("{}", csv_line({kind, group, fmt::format("{}", error.sizes),
                               fmt::format("{}", error.median), fmt::format("{}", error.worst)}));
  };
  fmt::print("kind,group,sizes,median_error,worst_error\n");
  row("fitted", "all", result.error);
  for (const auto& [kind, groups] : result.errors)
    for (const auto& group : groups) row(kind, group.group, group.error);
}

Arrangement written_arrangement(const ClusterRequest& request, const Scope& scope) {
  const auto ranks = request.hosts.value_or(scope.ranks.back());
  if (scope.nodes.back() == 1) return {ranks, 1};
  const auto per_node = std::max(1U, scope.ranks.back() / scope.nodes.back());
  if (ranks % per_node != 0) {
    throw UserError({{}, "--hosts"}, fmt::format("found {}", ranks),
                    fmt::format("a multiple of the {} ranks of a node is accepted", per_node));
  }
  return {ranks, ranks / per_node};
}

std::string topology_text(const ClusterRequest& request, const ClusterResult& result) {
  if (result.error.median > most_median && !request.force) {
    throw UserError({{}, "--output"},
                    fmt::format("the fit errs by {} in the median", percent(result.error.median)),
                    fmt::format("at most {} is accepted", percent(most_median)), "or add --force");
  }
  const auto arrangement = written_arrangement(request, result.fit.scope);
  return to_text(topology_of(
      result.fit,
      {.name = std::filesystem::path(request.output).stem().string(),
       .description = fmt::format("fitted by ringsim calibrate to {} tables ({}): median error {}, "
                                  "worst {}",
                                  result.tables, scope_text(result.fit.scope),
                                  percent(result.error.median), percent(result.error.worst)),
       .arrangement = arrangement,
       .error = result.error,
       .warnings = result.warnings}));
}

}  // namespace

void calibrate_cluster(const ClusterRequest& request) {
  const auto result = fit_tables(request);
  if (!request.output.empty()) {
    AtomicFile file(request.output);
    file.write(topology_text(request, result));
    file.commit();
  }
  switch (request.format) {
    case Format::table:
      print_text(result);
      break;
    case Format::json:
      fmt::print("{}", to_text(json_of(result)));
      break;
    case Format::csv:
      print_csv(result);
      break;
  }
  for (const auto& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
}

}  // namespace ringsim
