// ringsim run: one experiment.
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "sim/run/assumptions.hpp"
#include "tools/ringsim/clocked_run.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/experiment_options.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/progress.hpp"
#include "tools/ringsim/result_table.hpp"
#include "tools/ringsim/seeds.hpp"
#include "tools/ringsim/timeline_output.hpp"
#include "tools/ringsim/verdict.hpp"
#include "traces/csv.hpp"
#include "traces/run_folder.hpp"
#include "traces/summary.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace ringsim {
namespace {

struct RunCommand {
  std::map<std::string_view, std::string> values;  ///< of run_options(), as typed
  std::string output;
  ResultFormat format = ResultFormat::table;
  bool quiet = false, transfers = false, timeline = false;
  TimelineChoice timeline_choice;
};

/// Throws UserError where an option about files changes none.
void check_files(const CLI::App& app, const RunCommand& command) {
  for (const auto& [option, file] :
       {std::pair{"--transfers", "transfers.csv"}, std::pair{"--timeline", "timeline.json"}}) {
    if (app.count(option) == 0 || !command.output.empty()) continue;
    throw UserError({{}, option}, "has no effect without -o", {},
                    fmt::format("say with -o where {} shall be", file));
  }
  for (const auto* option : {"--timeline-steps", "--timeline-ranks"}) {
    if (app.count(option) == 0 || command.timeline) continue;
    throw UserError({{}, option}, "has no effect without --timeline", {},
                    "give --timeline too, or leave it out");
  }
}

void print_csv(const Summary& summary) {
  std::vector<std::string> names, values;
  for (const auto& metric : metrics()) {
    names.emplace_back(metric.name);
    values.push_back(exact(metric, summary));
  }
  fmt::print("{}{}", csv_line(names), csv_line(values));
}

void print_summary(const Summary& summary, const RunOptions& options, ResultFormat format) {
  if (format == ResultFormat::json) {
    fmt::print("{}", to_text(to_json(summary)));
    return;
  }
  if (format == ResultFormat::csv) return print_csv(summary);
  TableRows rows = {{"", "result"}};
  const Summary* const only = &summary;
  for (const auto* metric : table_metrics(format, {&only, 1}))
    rows.push_back({std::string(metric->label), shown(*metric, summary)});
  fmt::print("{}", result_text(rows, {}, run_verdict(summary, assumptions(options)), format));
}

/// Has the observer write what --transfers and --timeline ask for.
void connect_files(const RunCommand& command, RunObserver& observer,
                   std::optional<RunFolder>& folder, std::optional<TimelineOutput>& timeline) {
  if (command.timeline) {
    timeline.emplace(command.timeline_choice,
                     [&folder](std::string_view text) { folder->write_timeline(text); });
    observer.on_work = [&timeline](const RankWork& work) { timeline->add(work); };
    observer.on_network = [&timeline](const Topology& network) { timeline->begin(network); };
  }
  if (!command.transfers && !command.timeline) return;
  observer.on_transfer = [&](const TransferRow& row) {
    if (command.transfers) folder->write(row);
    if (timeline) timeline->add(row);
  };
}

/// Runs once, and writes the result folder where `output` names one.
Summary run_once(const RunOptions& options, const RunCommand& command, const std::string& output,
                 const Invocation& invocation) {
  std::optional<RunFolder> folder;
  if (!output.empty()) folder.emplace(output, command.transfers);

  Progress progress(command.quiet);
  RunObserver observer{
      .on_start = [&](const std::string& line) { progress.line(line); },
      .on_step = [&](const StepProgress& step) { progress.step(step); },
      .on_fault = [&](const std::string& line) { progress.line(line); },
      .on_layer =
          [&](const LayerRow& row) {
            if (folder) folder->write(row);
          },
      .on_row =
          [&](const StepRow& row) {
            progress.timed(row);
            if (folder) folder->write(row);
          },
      .on_density = [&](const DensityCheck& density) { progress.density(density); },
      .on_transfer = {}};
  std::optional<TimelineOutput> timeline;
  connect_files(command, observer, folder, timeline);
  const auto result = clocked_run(options, observer, invocation.text);
  if (folder) {
    for (const auto& row : result.links) folder->write(row);
    for (const auto& row : result.staleness) folder->write(row);
    for (const auto& row : result.faults) folder->write(row);
    if (timeline) timeline->end();
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
  check_files(app, command);
  if (!seeds) {
    const auto summary = run_once(options, command, command.output, invocation);
    print_summary(summary, options, command.format);
    return 0;
  }
  const bool has_folder = !command.output.empty();
  // So that a command that was ended before its last seed works again.
  const auto there = has_folder ? runs_left(*seeds, command.output, invocation.text)
                                : std::vector<SeededSummary>();
  for (const auto& run : there) {
    Progress(command.quiet)
        .line(fmt::format("the run of seed {} is in {} already", run.seed,
                          seed_folder(command.output, run.seed).string()));
  }
  const auto runs = run_seeds(*seeds, there, [&](std::uint64_t seed) {
    options.seed = seed;
    const auto folder = has_folder ? seed_folder(command.output, seed).string() : std::string();
    return run_once(options, command, folder, invocation);
  });
  check_same_inputs(there, runs, command.output);
  print_seeds(runs, command.format, assumptions(options));
  return 0;
}

void add_timeline_options(CLI::App& app, RunCommand& command) {
  app.add_flag("--timeline", command.timeline,
               "writes timeline.json too, which Perfetto and chrome://tracing open")
      ->group("output");
  const auto add_ranges = [&app](const std::string& name, std::optional<NumberRanges>& ranges,
                                 const char* meaning, const char* value) {
    app.add_option_function<std::string>(
           "--" + name,
           [name, &ranges](const std::string& text) { ranges = NumberRanges::parse(name, text); },
           meaning)
        ->type_name(value)
        ->group("output");
  };
  add_ranges("timeline-steps", command.timeline_choice.steps,
             "which steps the timeline has, such as 0..4 or 0,10,20; default: all", "STEPS");
  add_ranges("timeline-ranks", command.timeline_choice.ranks,
             "which ranks the timeline has, such as 0..7; default: all", "RANKS");
}

std::function<int()> add_run(CLI::App& app, const Invocation& invocation) {
  auto command = std::make_shared<RunCommand>();
  for (const auto& option : run_options()) {
    add_run_option(app, option, command->values[option.name]);
  }
  app.add_option("-o,--output", command->output, "folder for the result files; new or empty")
      ->type_name("DIR")
      ->group("output");
  add_result_format_option(app, command->format);
  app.add_flag("--transfers", command->transfers,
               "writes transfers.csv too: every message, much where there are many ranks")
      ->group("output");
  add_timeline_options(app, *command);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command, &invocation] { return execute(app, *command, invocation); };
}

}  // namespace

extern const CommandDefinition run_command;
const CommandDefinition run_command = {
    "run", "one experiment: trains, prunes, exchanges, and says what it cost", add_run};

}  // namespace ringsim
