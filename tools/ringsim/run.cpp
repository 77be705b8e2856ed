// ringsim run: one experiment.
#include "sim/run/run.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/experiment_options.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/progress.hpp"
#include "tools/ringsim/seeds.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/csv.hpp"
#include "traces/run_folder.hpp"
#include "traces/summary.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>

namespace ringsim {
namespace {

struct RunCommand {
  std::map<std::string_view, std::string> values;  ///< of run_options(), as typed
  std::string output;
  Format format = Format::table;
  bool quiet = false, transfers = false;
};

void print_summary(const Summary& summary, Format format) {
  if (format == Format::json) {
    fmt::print("{}", to_text(to_json(summary)));
    return;
  }
  std::vector<std::string> names, values;
  std::vector<std::vector<std::string>> rows = {{"", "result"}};
  for (const auto& metric : metrics()) {
    names.emplace_back(metric.name);
    values.push_back(exact(metric, summary));
    if (!metric.label.empty()) rows.push_back({std::string(metric.label), shown(metric, summary)});
  }
  if (format == Format::csv) {
    fmt::print("{}{}", csv_line(names), csv_line(values));
  } else {
    fmt::print("{}", format_table(rows));
  }
}

/// Runs once, and writes the result folder where `output` names one.
Summary run_once(const RunOptions& options, const RunCommand& command, const std::string& output,
                 const Invocation& invocation) {
  const auto start = std::chrono::steady_clock::now();
  std::optional<RunFolder> folder;
  if (!output.empty()) folder.emplace(output, command.transfers);

  Progress progress(command.quiet);
  RunObserver observer{
      .on_start = [&](const std::string& line) { progress.line(line); },
      .on_step = [&](std::uint64_t step, std::uint64_t steps) { progress.step(step, steps); },
      .on_fault = [&](const std::string& line) { progress.line(line); },
      .on_layer =
          [&](const LayerRow& row) {
            if (folder) folder->write(row);
          },
      .on_row =
          [&](const StepRow& row) {
            if (folder) folder->write(row);
          },
      .on_density = [&](const DensityCheck& density) { progress.density(density); },
      .on_transfer = {}};
  if (command.transfers) observer.on_transfer = [&](const TransferRow& row) { folder->write(row); };
  auto result = run(options, observer);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  result.summary.wall_seconds = wall.count();
  result.summary.provenance.command = invocation.text;
  if (folder) {
    for (const auto& row : result.links) folder->write(row);
    for (const auto& row : result.staleness) folder->write(row);
    for (const auto& row : result.faults) folder->write(row);
    folder->commit(result.summary);
    progress.line(fmt::format("results are in {}", output));
  }
  return result.summary;
}

int execute(const CLI::App& app, RunCommand command, const Invocation& invocation) {
  const auto seeds =
      app.count("--seed") > 0 ? parse_seeds(command.values.at("seed")) : std::nullopt;
  if (seeds) command.values["seed"] = fmt::format("{}", seeds->front());
  RunOptions options = parse_run_options(app, command.values);
  if (command.transfers && command.output.empty()) {
    throw UserError({{}, "--transfers"}, "has no effect without -o", {},
                    "say with -o where transfers.csv shall be");
  }
  if (!seeds) {
    print_summary(run_once(options, command, command.output, invocation), command.format);
    return 0;
  }
  const auto runs = run_seeds(*seeds, [&](std::uint64_t seed) {
    options.seed = seed;
    const bool has_folder = !command.output.empty();
    return run_once(options, command,
                    has_folder ? fmt::format("{}/seed-{}", command.output, seed) : std::string(),
                    invocation);
  });
  print_seeds(runs, command.format);
  return 0;
}

std::function<int()> add_run(CLI::App& app, const Invocation& invocation) {
  auto command = std::make_shared<RunCommand>();
  for (const auto& option : run_options()) {
    add_run_option(app, option, command->values[option.name]);
  }
  app.add_option("-o,--output", command->output, "folder for the result files; new or empty")
      ->type_name("DIR")
      ->group("output");
  add_format_option(app, command->format);
  app.add_flag("--transfers", command->transfers,
               "writes transfers.csv too: every message, much where there are many ranks")
      ->group("output");
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command, &invocation] { return execute(app, *command, invocation); };
}

}  // namespace

extern const CommandDefinition run_command;
const CommandDefinition run_command = {
    "run", "one experiment: trains, prunes, exchanges, and says what it cost", add_run};

}  // namespace ringsim
