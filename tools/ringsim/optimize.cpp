// ringsim optimize: the best configuration for a topology and a model.
#include "sim/scan/optimize.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/option_names.hpp"
#include "base/units.hpp"
#include "sim/run/assumptions.hpp"
#include "sim/scan/point_checks.hpp"
#include "sim/scan/point_runner.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/result_table.hpp"
#include "tools/ringsim/scan_progress.hpp"
#include "tools/ringsim/scan_request.hpp"
#include "tools/ringsim/stop_signals.hpp"
#include "tools/ringsim/verdict.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

namespace ringsim {
namespace {

struct OptimizeCommand {
  ListedOptions options;
  std::size_t jobs = 0, shown = 10;
  bool quiet = false;
  ResultFormat format = ResultFormat::table;
};

std::vector<std::string> cells_of(const PointSet& points, const Ranked& ranked) {
  std::vector<std::string> cells;
  for (const auto& value : points.values(ranked.point)) cells.emplace_back(value.value_or(""));
  return cells;
}

/// "scheme=iwp density=1/64"
Contender contender_of(const PointSet& points, const Ranked& ranked) {
  const bool is_alone = points.varied().empty();
  return {.name = is_alone ? "this configuration" : describe_point(points, ranked.point),
          .seconds = ranked.seconds,
          .basis = ranked.basis,
          .headroom = ranked.headroom,
          .bottleneck = ranked.bottleneck,
          .accuracy = ranked.accuracy};
}

bool is_dense(const PointSet& points, const Ranked& ranked) {
  const auto assignments = points.assignments(ranked.point);
  return std::ranges::find(assignments, Assignment{"scheme", "dense"}) != assignments.end();
}

/// How far behind the others are: the time alone seldom chooses among the first.
std::string runners_up_text(const PointSet& points, const std::vector<Ranked>& best_first) {
  constexpr double close = 1.01;
  const double best = best_first.front().seconds;
  const auto name = contender_of(points, best_first[1]).name;
  const auto behind = std::ranges::count_if(
      best_first, [&](const Ranked& ranked) { return ranked.seconds < close * best; });
  if (behind < 2)
    return fmt::format("The next, {}, takes {:.2f}x as long.", name, best_first[1].seconds / best);
  if (behind == 2) return fmt::format("{} takes less than 1 % longer.", name);
  return fmt::format("{} others take less than 1 % longer, the first of them {}.", behind - 1,
                     name);
}

/// The best against the best dense one where there is one, and against the next.
Verdict verdict_of(const PointSet& points, const Ranking& ranking, const std::string& accuracy) {
  const bool is_step = accuracy.empty();
  const auto what = is_step ? std::string("a step") : fmt::format("to an accuracy of {}", accuracy);
  const auto& all = ranking.best_first;
  auto best = contender_of(points, all.front());
  Verdict verdict;
  if (all.size() == 1) {
    add_sentence(verdict, fmt::format("{} is the only one that can be had: {} {}.", best.name,
                                      format(Seconds{best.seconds}), what));
    add_sentence(verdict, binding_text(best));
    add_sentence(verdict, headroom_text(best));
    add_sentence(verdict, basis_text({&best.basis, 1}));
    verdict.assumed = assumptions(options_of(points.assignments(all.front().point)));
    return verdict;
  }
  const auto dense =
      std::ranges::find_if(all, [&](const Ranked& ranked) { return is_dense(points, ranked); });
  const bool has_rival = dense != all.begin() && dense != all.end();
  const auto& against = has_rival ? *dense : all[1];
  const auto rival = contender_of(points, against);
  add_sentence(verdict, lead_text(best, rival, what, all.size()));
  if (&against != &all[1]) add_sentence(verdict, runners_up_text(points, all));
  add_sentence(verdict, binding_text(best));
  // The headroom is against dense gradients by the same collective in the same buckets, which may
  // be far from the best dense ones.
  if (has_rival) best.headroom = {};
  add_sentence(verdict, headroom_text(best));
  if (is_step) add_sentence(verdict, uncertain_lead_text(best, rival));
  const std::array bases = {best.basis, rival.basis};
  add_sentence(verdict, basis_text(bases));
  add_sentence(verdict, accuracy_text(best, rival));
  if (!best.accuracy && !is_dense(points, all.front()))
    add_sentence(verdict, "What it costs in accuracy has to be trained to be known.");
  for (const auto* ranked : {&all.front(), &against})
    add_once(verdict.assumed, assumptions(options_of(points.assignments(ranked->point))));
  return verdict;
}

void print_table(const PointSet& points, const Ranking& ranking, const std::string& accuracy,
                 std::size_t shown, ResultFormat format) {
  const bool is_step = accuracy.empty();
  TableRows rows = {{""}};
  for (const auto& option : points.varied()) rows[0].emplace_back(option);
  rows[0].insert(rows[0].end(), {is_step ? "time per step" : fmt::format("time to {}", accuracy),
                                 "against the best"});
  const auto& best = ranking.best_first;
  const bool has_basis = std::ranges::any_of(
      best, [](const Ranked& ranked) { return ranked.basis.compress.has_value(); });
  if (has_basis) rows[0].emplace_back("basis: compress");
  // Nobody asked for the headroom of the best one alone, which the verdict names.
  const bool has_headroom = std::any_of(
      best.begin() + 1, best.end(), [](const Ranked& ranked) { return has_any(ranked.headroom); });
  if (has_headroom) append_cells(rows[0], headroom_headings());
  for (std::size_t i = 0; i < std::min(shown, best.size()); ++i) {
    auto& row = rows.emplace_back(1, fmt::format("{}", i + 1));
    for (auto& cell : cells_of(points, best[i])) row.push_back(std::move(cell));
    row.push_back(ringsim::format(Seconds{best[i].seconds}));
    row.push_back(fmt::format("{:.3f}x", best[i].seconds / best.front().seconds));
    if (has_basis) row.push_back(best[i].basis.compress.value_or(""));
    if (has_headroom) append_cells(row, headroom_cells(best[i].headroom));
  }
  std::vector<std::string> lines;
  if (best.size() > shown)
    lines.push_back(fmt::format("... and {} slower ones (--show)", best.size() - shown));
  fmt::print("{}", result_text(rows, lines, verdict_of(points, ranking, accuracy), format));
}

void print_csv(const PointSet& points, const Ranking& ranking) {
  std::vector<std::string> names;
  for (const auto& option : points.varied()) names.push_back(fmt::format("option.{}", option));
  names.insert(names.end(), {"seconds", "basis.compute", "basis.compress", "basis.exchange",
                             "headroom_seconds.dense_fp32", "headroom_seconds.dense_bf16"});
  fmt::print("{}", csv_line(names));
  for (const auto& ranked : ranking.best_first) {
    auto cells = cells_of(points, ranked);
    const auto number = [](std::optional<double> value) {
      return value ? fmt::format("{}", *value) : std::string();
    };
    cells.insert(cells.end(),
                 {number(ranked.seconds), ranked.basis.compute, ranked.basis.compress.value_or(""),
                  ranked.basis.exchange, number(ranked.headroom.dense_fp32),
                  number(ranked.headroom.dense_bf16)});
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
    all.emplace_back(Json::Object{{"options", Json(std::move(options))},
                                  {"seconds", ranked.seconds},
                                  {"basis", to_json(ranked.basis)},
                                  {"headroom_seconds", to_json(ranked.headroom)}});
  }
  fmt::print("{}", to_text(Json(std::move(all))));
}

int execute(const CLI::App& app, const OptimizeCommand& command) {
  const bool shows_all =
      command.format == ResultFormat::json || command.format == ResultFormat::csv;
  if (app.count("--show") > 0 && shows_all) {
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
  if (command.format == ResultFormat::csv) {
    print_csv(points, ranking);
  } else if (command.format == ResultFormat::json) {
    print_json(points, ranking);
  } else {
    print_table(points, ranking, accuracy, command.shown, command.format);
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
  add_result_format_option(app, command->format);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command] { return execute(app, *command); };
}

}  // namespace

extern const CommandDefinition optimize_command;
const CommandDefinition optimize_command = {
    "optimize", "the best configuration for a topology and a model, and the runners-up",
    add_optimize};

}  // namespace ringsim
