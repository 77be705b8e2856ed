#include "tools/ringsim/calibration_output.hpp"

#include "base/json_writer.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/csv.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

std::vector<std::string> error_cells(const FitError& error) {
  if (error.sizes == 0) return {"", "", ""};
  return {fmt::format("{}", error.sizes), percent(error.median), percent(error.worst)};
}

void print_table(const Calibration& result) {
  std::vector<std::vector<std::string>> rows = {
      {"messages from", "latency", "bandwidth", "sizes", "median error", "worst error"}};
  const auto add_row = [&](std::vector<std::string> cells, const FitError& error) {
    for (auto& cell : error_cells(error)) cells.push_back(std::move(cell));
    rows.push_back(std::move(cells));
  };
  for (const auto& [piece, error] : result.fit.pieces) {
    add_row({fmt::format("{}B", piece.from.count), format(piece.latency), format(piece.bandwidth)},
            error);
  }
  if (rows.size() > 2) add_row({"all", "", ""}, result.fit.error);
  if (!result.held_out.empty())
    add_row({"held out", "", ""}, error_on(result.fit, result.held_out));
  fmt::print("{}: {}\n\n{}", result.file, source_of(result), format_table(rows));
  if (result.latency_from != "fit") fmt::print("The latency is from {}.\n", result.latency_from);
}

Json error_json(const FitError& error) {
  if (error.sizes == 0) return nullptr;
  return Json::Object{
      {"sizes", std::uint64_t{error.sizes}}, {"median", error.median}, {"worst", error.worst}};
}

void print_json(const Calibration& result) {
  Json::Array pieces;
  for (const auto& [piece, error] : result.fit.pieces) {
    pieces.emplace_back(Json::Object{{"from_bytes", piece.from.count},
                                     {"latency_seconds", piece.latency.value},
                                     {"bandwidth_bytes_per_second", piece.bandwidth.value},
                                     {"error", error_json(error)}});
  }
  fmt::print("{}", to_text(Json::Object{
                       {"file", result.file},
                       {"format", result.format},
                       {"operation", result.operation},
                       {"ranks", result.ranks},
                       {"latency_from", result.latency_from},
                       {"pieces", std::move(pieces)},
                       {"error", error_json(result.fit.error)},
                       {"held_out_error", error_json(error_on(result.fit, result.held_out))},
                       {"warnings", Json::Array(result.notes.begin(), result.notes.end())}}));
}

void print_csv(const Calibration& result) {
  fmt::print("from_bytes,latency_s,bandwidth_bytes_per_second,sizes,median_error,worst_error\n");
  for (const auto& [piece, error] : result.fit.pieces) {
    std::vector<std::string> cells = {fmt::format("{}", piece.from.count),
                                      fmt::format("{}", piece.latency.value),
                                      fmt::format("{}", piece.bandwidth.value),
                                      "",
                                      "",
                                      ""};
    if (error.sizes > 0) {
      cells[3] = fmt::format("{}", error.sizes);
      cells[4] = fmt::format("{}", error.median);
      cells[5] = fmt::format("{}", error.worst);
    }
    fmt::print("{}", csv_line(cells));
  }
}

}  // namespace

std::string source_of(const Calibration& result) {
  auto text = fmt::format("{}, {}", result.format, result.operation);
  if (result.ranks) text += fmt::format(", {} ranks", *result.ranks);
  if (result.in_place) text += ", in place";
  return text;
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

void print(const Calibration& result, Format format) {
  switch (format) {
    case Format::table:
      return print_table(result);
    case Format::json:
      return print_json(result);
    case Format::csv:
      return print_csv(result);
  }
}

std::string points_csv(const Calibration& result) {
  auto text = csv_header<CalibrationPointRow>();
  const auto add_points = [&](const std::vector<Observation>& observations, bool held_out) {
    for (const auto& each : observations) {
      text += csv_line(CalibrationPointRow{.size_bytes = each.size.count,
                                           .message_bytes = each.cost.message,
                                           .measured_s = each.time.value,
                                           .fitted_s = time_of(result.fit, each.cost).value,
                                           .error = relative_error(result.fit, each),
                                           .piece = piece_of(result.fit, each.cost),
                                           .held_out = held_out});
    }
  };
  add_points(result.fitted, false);
  add_points(result.held_out, true);
  return text;
}

}  // namespace ringsim
