#include "tools/ringsim/scan_output.hpp"

#include "base/json_writer.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "sim/run/assumptions.hpp"
#include "sim/scan/folder.hpp"
#include "sim/scan/point_runner.hpp"
#include "sim/scan/scan_columns.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/result_table.hpp"
#include "tools/ringsim/scan_cases.hpp"
#include "tools/ringsim/scan_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace ringsim {
namespace {

const Metric* metric_named(std::string_view name) {
  const auto all = metrics();
  const auto found = std::ranges::find(all, name, &Metric::name);
  return found == all.end() ? nullptr : &*found;
}

/// The figures of a summary that scan.csv has: those that are the same whenever a point is run.
const std::vector<const Metric*>& figures() {
  static const std::vector<const Metric*> chosen = [] {
    std::vector<const Metric*> all;
    for (const auto& metric : metrics()) {
      if (metric.name != "wall_seconds") all.push_back(&metric);
    }
    return all;
  }();
  return chosen;
}

std::optional<double> number_in(const std::string& cell) {
  const auto number = leading_number(cell);
  return number && number->rest.empty() ? std::optional(number->value) : std::nullopt;
}

/// A column of the table: where it stands in the CSV, and its heading.
struct TableColumn {
  std::size_t index;
  std::string heading;
  const Metric* metric;  ///< null: as it is
};

std::vector<TableColumn> table_columns(const std::vector<std::string>& names) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> headings = {{
      {"seconds_per_step.total", "step"},
      {"seconds_per_step.exposed_exchange", "exposed exchange"},
      {"headroom_seconds.dense_fp32", "headroom to dense fp32"},
      {"headroom_seconds.dense_bf16", "to dense bf16"},
      {"basis.compress", "basis: compress"},
      {"compression_ratio.wire", "compression: wire"},
      {"bottleneck.kind", "bottleneck"},
      {"accuracy", "accuracy"},
      {"target.seconds", "time to the target"},
      {error_column.name, "error"},
  }};
  std::vector<TableColumn> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].starts_with(option_prefix))
      columns.push_back({i, names[i].substr(option_prefix.size()), nullptr});
  }
  for (const auto& [name, heading] : headings) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) {
      columns.push_back({static_cast<std::size_t>(found - names.begin()), std::string(heading),
                         metric_named(name)});
    }
  }
  return columns;
}

std::string shown_cell(const TableColumn& column, const std::string& cell) {
  const auto number = column.metric && !column.metric->text ? number_in(cell) : std::nullopt;
  return number ? shown(column.metric->shown, *number) : cell;
}

void print_table(const PointSet& points, const ScanRows& scan, ResultFormat format) {
  const auto& rows = scan.rows;
  constexpr std::size_t most = 50;
  const bool is_long = rows.size() > most + 10 && format != ResultFormat::full;
  const std::size_t count = is_long ? most : rows.size();
  auto columns = table_columns(scan.names);
  std::erase_if(columns, [&](const TableColumn& column) {
    return std::ranges::all_of(rows, [&](const auto& row) { return row[column.index].empty(); });
  });
  TableRows table(1);
  for (const auto& column : columns) table[0].push_back(column.heading);
  for (std::size_t i = 0; i < count; ++i) {
    auto& line = table.emplace_back();
    line.reserve(columns.size());
    for (const auto& column : columns) line.push_back(shown_cell(column, rows[i][column.index]));
  }
  std::vector<std::string> lines;
  if (count < rows.size())
    lines.push_back(
        fmt::format("... and {} more points: scan.csv has all of them (-o), or --format csv",
                    rows.size() - count));
  const auto verdict = scan_verdict(scan, [&](std::uint32_t point) {
    return assumptions(options_of(points.assignments(point)));
  });
  fmt::print("{}", result_text(table, lines, verdict, format));
}

Json json_cell(const std::string& name, const std::string& cell) {
  if (cell.empty()) return nullptr;
  const auto* metric = metric_named(name);
  const bool is_number = name == point_column.name || (metric != nullptr && !metric->text);
  const auto number = is_number ? number_in(cell) : std::nullopt;
  return number ? Json(*number) : Json(cell);
}

}  // namespace

ResultColumns result_columns() {
  ResultColumns columns;
  for (const auto* metric : figures()) columns.names.emplace_back(metric->name);
  columns.cells = [](const Summary& summary) {
    std::vector<std::string> cells;
    cells.reserve(figures().size());
    for (const auto* metric : figures()) cells.push_back(exact(*metric, summary));
    return cells;
  };
  columns.error = with_dashes;
  return columns;
}

OutputFile scan_file() {
  OutputFile file{
      {table_name, "point", "`scan`", "options that vary, figures of the summary, error"}, {}};
  const auto add = [&](const auto& column, FieldType type, bool may_be_absent) {
    file.fields.push_back(
        {std::string(column.name), column.unit, column.meaning, type, may_be_absent});
  };
  add(point_column, FieldType::whole_number, false);
  add(option_column, FieldType::text, true);
  // The figures of a point that failed are absent.
  for (const auto* metric : figures())
    add(*metric, metric->text ? FieldType::text : FieldType::number, true);
  add(error_column, FieldType::text, true);
  return file;
}

void print_scan(const PointSet& points, const std::string& csv, ResultFormat format) {
  if (format == ResultFormat::csv) {
    // fmt::print() would copy it; whether all of it was written is seen at the end.
    std::fwrite(csv.data(), 1, csv.size(), stdout);
    return;
  }
  const auto scan = read_scan_rows(csv, std::string(table_name));
  if (format != ResultFormat::json) return print_table(points, scan, format);
  Json::Array objects;
  for (const auto& row : scan.rows) {
    Json::Object object;
    for (std::size_t i = 0; i < scan.names.size(); ++i)
      object.emplace_back(scan.names[i], json_cell(scan.names[i], row[i]));
    objects.emplace_back(std::move(object));
  }
  fmt::print("{}", to_text(Json(std::move(objects))));
}

}  // namespace ringsim
