// ringsim compare: result folders side by side, from their summaries.
#include "base/json_writer.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/recorded_command.hpp"
#include "tools/ringsim/result_table.hpp"
#include "tools/ringsim/runs_verdict.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace ringsim {
namespace {

using Column = NamedSummary;

struct CompareCommand {
  std::vector<std::string> folders;
  ResultFormat format = ResultFormat::table;
};

std::string column_name(const std::string& folder) {
  const auto path = std::filesystem::path(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

double speed_up(const Column& first, const Column& column) {
  return first.summary.simulated_seconds / column.summary.simulated_seconds;
}

/// What the others are held against: "The speed-up is against dense: dense fp32, with --bucket
/// ddp."
std::string rival_text(const Column& column) {
  const auto& rival = column.summary;
  const RecordedCommand command(rival.provenance.command);
  std::string how;
  for (const std::string_view option :
       {"overlap", "bucket", "staleness", "quorum", "local-steps"}) {
    if (const auto value = command.value_of(option)) how += fmt::format(" --{} {}", option, *value);
  }
  return fmt::format(
      "The speed-up is against {}: {}{}, {}.", column.name, rival.scheme,
      rival.scheme == "dense" ? " " + command.value_of("values").value_or("fp32") : "",
      how.empty() ? "without overlap of exchange and computing" : "with" + how);
}

std::string table(const std::vector<Column>& columns, ResultFormat format) {
  TableRows rows(1, {""});
  std::vector<const Summary*> summaries;
  for (const auto& column : columns) {
    rows[0].push_back(column.name);
    summaries.push_back(&column.summary);
  }
  for (const auto* metric : table_metrics(format, summaries)) {
    auto& row = rows.emplace_back(1, std::string(metric->label));
    for (const auto* summary : summaries) row.push_back(shown(*metric, *summary));
  }
  auto& row = rows.emplace_back(1, "speed-up in simulated time");
  for (const auto& column : columns)
    row.push_back(fmt::format("{:.2f}x", speed_up(columns.front(), column)));
  return result_text(rows, {rival_text(columns.front())}, runs_verdict(columns), format);
}

std::string csv(const std::vector<Column>& columns) {
  std::vector<std::string> names = {"run"};
  for (const auto& metric : metrics()) names.emplace_back(metric.name);
  names.emplace_back("speed_up");
  std::string text = csv_line(names);
  for (const auto& column : columns) {
    std::vector<std::string> cells = {column.name};
    for (const auto& metric : metrics()) cells.push_back(exact(metric, column.summary));
    cells.push_back(fmt::format("{}", speed_up(columns.front(), column)));
    text += csv_line(cells);
  }
  return text;
}

std::string json(const std::vector<Column>& columns) {
  Json::Array runs;
  for (const auto& column : columns) {
    runs.emplace_back(Json::Object{{"run", column.name},
                                   {"speed_up", speed_up(columns.front(), column)},
                                   {"summary", to_json(column.summary)}});
  }
  return to_text(Json(std::move(runs)));
}

int execute(const CompareCommand& command) {
  std::vector<Column> columns;
  for (const auto& folder : command.folders) {
    columns.push_back(
        {column_name(folder), read_summary(std::filesystem::path(folder) / "summary.json")});
  }
  const auto text = command.format == ResultFormat::json  ? json(columns)
                    : command.format == ResultFormat::csv ? csv(columns)
                                                          : table(columns, command.format);
  fmt::print("{}", text);
  return 0;
}

std::function<int()> add_compare(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<CompareCommand>();
  app.add_option("DIR", command->folders,
                 "result folders (of run -o); the first is what the others are held against")
      ->required()
      ->type_name("");
  add_result_format_option(app, command->format);
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition compare_command;
const CommandDefinition compare_command = {"compare", "result folders side by side", add_compare};

}  // namespace ringsim
