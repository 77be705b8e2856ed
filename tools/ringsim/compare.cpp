// ringsim compare: result folders side by side, from their summaries.
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

namespace ringsim {
namespace {

struct Column {
  std::string name;
  Summary summary;
};

struct CompareCommand {
  std::vector<std::string> folders;
  Format format = Format::table;
};

std::string column_name(const std::string& folder) {
  const auto path = std::filesystem::path(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

double speed_up(const Column& first, const Column& column) {
  return first.summary.simulated_seconds / column.summary.simulated_seconds;
}

/// What a run's command line gives an option of its.
std::optional<std::string> value_given(const std::string& command, std::string_view option) {
  std::istringstream words(command);
  for (std::string word; words >> word;) {
    if (!word.starts_with("--") || !std::string_view(word).substr(2).starts_with(option)) continue;
    const auto rest = word.substr(2 + option.size());
    if (rest.starts_with('=')) return rest.substr(1);
    if (rest.empty() && words >> word) return word;
  }
  return std::nullopt;
}

std::string table(const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> rows(1, {""});
  for (const auto& column : columns) rows[0].push_back(column.name);
  for (const auto& metric : metrics()) {
    if (metric.label.empty()) continue;
    auto& row = rows.emplace_back(1, std::string(metric.label));
    for (const auto& column : columns) row.push_back(shown(metric, column.summary));
  }
  auto& row = rows.emplace_back(1, "speed-up in simulated time");
  for (const auto& column : columns)
    row.push_back(fmt::format("{:.2f}x", speed_up(columns.front(), column)));
  const auto& rival = columns.front().summary;
  const auto& command = rival.provenance.command;
  std::string how;
  for (const std::string_view option :
       {"overlap", "bucket", "staleness", "quorum", "local-steps"}) {
    if (const auto value = value_given(command, option))
      how += fmt::format(" --{} {}", option, *value);
  }
  return format_table(rows) +
         fmt::format(
             "The speed-up is against {}: {}{}, {}.\n", columns.front().name, rival.scheme,
             rival.scheme == "dense" ? " " + value_given(command, "values").value_or("fp32") : "",
             how.empty() ? "without overlap of exchange and computing" : "with" + how);
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
  const auto text = command.format == Format::json  ? json(columns)
                    : command.format == Format::csv ? csv(columns)
                                                    : table(columns);
  fmt::print("{}", text);
  return 0;
}

std::function<int()> add_compare(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<CompareCommand>();
  app.add_option("DIR", command->folders,
                 "result folders (of run -o); the first is what the others are held against")
      ->required()
      ->type_name("");
  add_format_option(app, command->format);
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition compare_command;
const CommandDefinition compare_command = {"compare", "result folders side by side", add_compare};

}  // namespace ringsim
