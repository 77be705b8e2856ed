// ringsim optimize: the best configuration for a topology and a model.
#include "sim/scan/optimize.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/option_names.hpp"
#include "base/units.hpp"
#include "sim/scan/point_checks.hpp"
#include "sim/scan/uncertain.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/scan_progress.hpp"
#include "tools/ringsim/scan_request.hpp"
#include "tools/ringsim/stop_signals.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/csv.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

namespace ringsim {
namespace {

struct OptimizeCommand {
  ListedOptions options;
  std::size_t jobs = 0, shown = 10;
  bool quiet = false;
  Format format = Format::table;
};

std::vector<std::string> cells_of(const PointSet& points, const Ranked& ranked) {
  std::vector<std::string> cells;
  for (const auto& value : points.values(ranked.point)) cells.emplace_back(value.value_or(""));
  return cells;
}

/// What the best one rests on where what it takes to compress was not measured; else empty.
std::string uncertain_text(const Ranked& best) {
  if (!is_uncertain(best.compress_basis)) return {};
  auto text =
      fmt::format("What the best takes to compress is {}, not measured", *best.compress_basis);
  const auto add = [&](std::string_view rival, std::optional<double> headroom) {
    if (!headroom) return;
    text += *headroom < 0
                ? fmt::format("; {} is faster by {} a step", rival, format(Seconds{-*headroom}))
                : fmt::format("; {} is as fast once that takes {} longer a step", rival,
                              format(Seconds{*headroom}));
  };
  add("dense fp32", best.headroom.dense_fp32);
  add("dense bf16", best.headroom.dense_bf16);
  return text + ".\n";
}

void print_table(const PointSet& points, const Ranking& ranking, std::string_view what,
                 std::size_t shown) {
  std::vector<std::vector<std::string>> rows = {{""}};
  for (const auto& option : points.varied()) rows[0].emplace_back(option);
  rows[0].insert(rows[0].end(), {std::string(what), "against the best"});
  const auto& best = ranking.best_first;
  for (std::size_t i = 0; i < std::min(shown, best.size()); ++i) {
    auto& row = rows.emplace_back(1, fmt::format("{}", i + 1));
    for (auto& cell : cells_of(points, best[i])) row.push_back(std::move(cell));
    row.push_back(format(Seconds{best[i].seconds}));
    row.push_back(fmt::format("{:.3f}x", best[i].seconds / best.front().seconds));
  }
  fmt::print("{}", format_table(rows));
  if (best.size() > shown) fmt::print("... and {} slower ones (--show)\n", best.size() - shown);
  fmt::print("{}", uncertain_text(best.front()));
}

void print_csv(const PointSet& points, const Ranking& ranking) {
  std::vector<std::string> names;
  for (const auto& option : points.varied()) names.push_back(fmt::format("option.{}", option));
  names.insert(names.end(), {"seconds", "compress_basis", "headroom_seconds.dense_fp32",
                             "headroom_seconds.dense_bf16"});
  fmt::print("{}", csv_line(names));
  for (const auto& ranked : ranking.best_first) {
    auto cells = cells_of(points, ranked);
    const auto number = [](std::optional<double> value) {
      return value ? fmt::format("{}", *value) : std::string();
    };
    cells.insert(cells.end(),
                 {number(ranked.seconds), ranked.compress_basis.value_or(""),
                  number(ranked.headroom.dense_fp32), number(ranked.headroom.dense_bf16)});
    fmt::print("{}", csv_line(cells));
  }
}

void print_json(const PointSet& points, const Ranking& ranking) {
  Json::Array all;
  for (const auto& ranked : ranking.best_first) {
    Json::Object options;
    const auto values = points.values(ranked.point);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i]) options.emplace_back(std::string(points.varied()[i]), Json(*values[i]));
    }
    all.emplace_back(Json::Object{
        {"options", Json(std::move(options))},
        {"seconds", ranked.seconds},
        {"compress_basis", ranked.compress_basis},
        {"headroom_seconds", Json(Json::Object{{"dense_fp32", ranked.headroom.dense_fp32},
                                               {"dense_bf16", ranked.headroom.dense_bf16}})}});
  }
  fmt::print("{}", to_text(Json(std::move(all))));
}

int execute(const CLI::App& app, const OptimizeCommand& command) {
  if (app.count("--show") > 0 && command.format != Format::table) {
    throw UserError({{}, "--show"}, "has no effect with --format csv or json", {},
                    "leave it out: they have all configurations");
  }
  const auto request = parse_listed_options(app, command.options);
  const PointSet points(with_defaults_to_try(request));
  const auto accuracies = points.all_values("target-accuracy");
  const std::string accuracy = accuracies.empty() ? "" : accuracies.front();
  if (accuracies.size() > 1) {
    throw UserError({{}, "--target-accuracy"}, fmt::format("found {} values", accuracies.size()),
                    "one is accepted");
  }
  check_points(points, [&](std::string_view name) {
    return std::ranges::find(request.options, name, &ScanRequest::Option::name) !=
           request.options.end();
  });
  ScanProgress progress(command.quiet);
  const StopSignals stop;
  progress.start(0, points.size());
  const auto ranking = rank_points(
      points, command.jobs > 0 ? command.jobs : std::max(1U, std::thread::hardware_concurrency()),
      [&](const PointsDone& done) { progress.point(done); }, [&] { return stop.has_come(); });
  progress.end();
  if (stop.has_come()) return stop.exit_code();
  if (ranking.best_first.empty()) {
    throw RunError(ranking.not_reached > 0
                       ? fmt::format("none of {} configurations gets to an accuracy of {}",
                                     points.size(), accuracy)
                       : ranking.first_error);
  }
  if (command.format == Format::csv) {
    print_csv(points, ranking);
  } else if (command.format == Format::json) {
    print_json(points, ranking);
  } else {
    print_table(points, ranking,
                accuracy.empty() ? "time per step" : fmt::format("time to {}", accuracy),
                command.shown);
  }
  if (ranking.failed > 0) {
    progress.line(fmt::format("{} of {} configurations cannot be had here, the first because of {}",
                              ranking.failed, points.size(), with_dashes(ranking.first_error)));
  }
  if (ranking.not_reached > 0)
    progress.line(fmt::format("{} do not get to the accuracy", ranking.not_reached));
  return 0;
}

std::function<int()> add_optimize(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<OptimizeCommand>();
  add_listed_options(app, command->options);
  app.add_option("--show", command->shown, "how many the table has; default 10")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000))
      ->group("optimize");
  app.add_option("-j,--jobs", command->jobs, "processes at a time; default: one per core")
      ->type_name("N")
      ->check(CLI::Range(1, 4096))
      ->group("optimize");
  add_format_option(app, command->format);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command] { return execute(app, *command); };
}

}  // namespace

extern const CommandDefinition optimize_command;
const CommandDefinition optimize_command = {
    "optimize", "the best configuration for a topology and a model, and the runners-up",
    add_optimize};

}  // namespace ringsim
