// ringsim scan: every option of run takes a list or a range; all their combinations.
#include "sim/scan/scan.hpp"

#include "base/error.hpp"
#include "sim/scan/groups.hpp"
#include "sim/scan/journal.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/scan_output.hpp"
#include "tools/ringsim/scan_progress.hpp"
#include "tools/ringsim/scan_request.hpp"
#include "tools/ringsim/standard_streams.hpp"
#include "tools/ringsim/stop_signals.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

namespace ringsim {
namespace {

struct ScanCommand {
  ListedOptions options;
  std::string points, shard, output;
  std::size_t jobs = 0;  ///< 0: one per core
  bool zip = false, dry_run = false, quiet = false, fail_fast = false;
  ResultFormat format = ResultFormat::table;
};

ScanRequest request_of(const CLI::App& app, const ScanCommand& command) {
  auto request = parse_listed_options(app, command.options);
  request.zip = request.zip || command.zip;
  if (!command.points.empty()) request.points_file = command.points;
  return request;
}

void print_plan(const PointSet& points, const std::optional<Shard>& shard) {
  constexpr std::size_t most = 10;
  const auto groups = group_points(points);
  fmt::print("{} points, {} recordings\n", points.size(), groups.size());
  if (shard) {
    std::size_t own = 0;
    for (const auto& group : groups_of_shard(groups, *shard)) own += group.size();
    fmt::print("shard {}: {} points\n", shard_text(*shard), own);
  }
  for (std::size_t point = 0; point < std::min(most, points.size()); ++point)
    fmt::print("{}: {}\n", point, describe_point(points, point));
  if (points.size() > most) fmt::print("...\n");
}

/// What stderr says at the end of a scan that is not done without errors.
void report_failures(const ScanOutcome& outcome) {
  const std::size_t failed = outcome.failed();
  if (failed == 0) return;
  say(fmt::format("{} of {} points failed; the column error of {} says why\n", failed,
                  outcome.points, outcome.table.empty() ? "the result" : outcome.table.string()));
}

int execute(const CLI::App& app, const ScanCommand& command) {
  const auto request = request_of(app, command);
  const PointSet points(request);
  std::optional<Shard> shard;
  if (!command.shard.empty()) shard = parse_shard(command.shard);
  if (command.dry_run) {
    print_plan(points, shard);
    return 0;
  }
  ScanOptions options{
      .folder = command.output,
      .jobs = command.jobs > 0 ? command.jobs : std::max(1U, std::thread::hardware_concurrency()),
      .shard = shard,
      .fail_fast = command.fail_fast};
  ScanProgress progress(command.quiet);
  const StopSignals stop;
  const auto outcome =
      run_scan(request, points, result_columns(), options,
               {.on_start = [&](std::size_t done, std::size_t all) { progress.start(done, all); },
                .on_point = [&](const PointsDone& done) { progress.point(done); },
                .wants_stop = [&] { return stop.has_come(); }});
  progress.end();
  if (stop.has_come()) {
    const auto rest =
        outcome.table.empty()
            ? ""
            : fmt::format("; they are in {}; the same command goes on", outcome.table.string());
    progress.line(
        fmt::format("stopped with {} of {} points{}", outcome.rows.size(), outcome.points, rest));
    if (command.output.empty()) print_scan(points, outcome.csv, command.format);
    return stop.exit_code();
  }
  if (!command.output.empty()) {
    progress.line(outcome.new_points == 0 && outcome.is_complete()
                      ? fmt::format("all {} points were done before", outcome.points)
                      : fmt::format("results are in {}", outcome.table.string()));
  }
  print_scan(points, outcome.csv, command.format);
  report_failures(outcome);
  return outcome.failed() > 0 || !outcome.is_complete() ? 1 : 0;
}

std::function<int()> add_scan(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<ScanCommand>();
  add_listed_options(app, command->options);
  app.add_flag("--zip", command->zip, "pairs the lists, which are of equal length")->group("scan");
  app.add_option("--points", command->points, "CSV: a column per option, a row per point")
      ->type_name("FILE")
      ->group("scan");
  app.add_option("--shard", command->shard,
                 "runs part I of N, such as 3/8; slurm: as the variables of a Slurm array say")
      ->type_name("I/N|slurm")
      ->group("scan");
  app.add_option("-j,--jobs", command->jobs, "processes at a time; default: one per core")
      ->type_name("N")
      ->check(CLI::Range(1, 4096))
      ->group("scan");
  app.add_flag("-n,--dry-run", command->dry_run, "prints how many points there are, and the first")
      ->group("scan");
  app.add_flag("--fail-fast", command->fail_fast, "stops after a point that failed")->group("scan");
  app.add_option("-o,--output", command->output,
                 "folder for the results; with that of the same scan it goes on")
      ->type_name("DIR")
      ->group("output");
  add_result_format_option(app, command->format);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command] { return execute(app, *command); };
}

}  // namespace

extern const CommandDefinition scan_command;
const CommandDefinition scan_command = {
    "scan", "every option of run takes a list or a range: all their combinations", add_scan};

}  // namespace ringsim
