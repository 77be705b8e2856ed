// ringsim kineto: what the profiler of PyTorch saw of the steps of one rank or several.
#include "base/error.hpp"
#include "base/median.hpp"
#include "base/text.hpp"
#include "sim/run/prepare.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/profiler_step.hpp"
#include "traces/profiler_trace.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace ringsim {
namespace {

struct KinetoCommand {
  std::string input, model, bucket;  ///< bucket empty: ddp, or as captured
};

/// A collective of a step, by its place among the equal ones of the step.
using CollectiveKey = std::pair<std::size_t, ProfiledCollective>;

struct Seen {
  std::vector<double> computing;                             ///< seconds, of each whole step
  std::map<CollectiveKey, std::vector<double>> collectives;  ///< seconds of each kernel
  std::vector<std::uint64_t> reduced;  ///< elements of the all-reduces of the last whole step
  std::size_t unnamed = 0;             ///< kernels of NCCL that do not say what they perform
  std::vector<std::string> left_out;
  std::set<std::filesystem::path> files;  ///< that have a whole step
};

/// The value below which this share of sorted values lies.
double percentile(const std::vector<double>& values, double share) {
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(std::lround(share * last))];
}

/// "31.2ms", and the tenth and the ninetieth percentile.
std::vector<std::string> spread(std::vector<double> seconds) {
  if (seconds.empty()) return {"", "", ""};
  std::ranges::sort(seconds);
  return {format(Seconds{median(seconds)}), format(Seconds{percentile(seconds, 0.1)}),
          format(Seconds{percentile(seconds, 0.9)})};
}

void add_collectives(const ProfiledStep& step, Seen& seen) {
  std::map<ProfiledCollective, std::size_t> before;
  seen.reduced.clear();
  for (const auto& [call, seconds] : step.collectives()) {
    auto& times = seen.collectives[{before[call]++, call}];
    if (seconds) times.push_back(*seconds);
    if (call.name.find("allreduce") != std::string::npos) seen.reduced.push_back(call.elements);
  }
  seen.unnamed += step.unnamed_collectives();
}

/// Adds the steps of a trace, and returns its row.
std::vector<std::string> add_trace(const std::filesystem::path& file, Seen& seen) {
  const auto events = read_profiler_events(file);
  std::vector<double> computing;
  for (const auto& window : events.windows) {
    const ProfiledStep step(events, window);
    const auto name = fmt::format("{}: {}", file.filename().string(),
                                  window.name.empty() ? "the trace" : window.name);
    if (!step.has_backward_pass()) {
      seen.left_out.push_back(name + " has no backward pass on a GPU");
    } else if (step.lost() > 0) {
      seen.left_out.push_back(fmt::format("{} lacks kernels of {} launches", name, step.lost()));
    } else {
      computing.push_back(step.computing());
      add_collectives(step, seen);
    }
  }
  if (!computing.empty()) seen.files.insert(file);
  seen.computing.insert(seen.computing.end(), computing.begin(), computing.end());
  std::vector<std::string> row = {
      file.filename().string(), events.rank ? fmt::format("{}", *events.rank) : "",
      fmt::format("{}", events.windows.size()), fmt::format("{}", computing.size())};
  std::ranges::move(spread(computing), std::back_inserter(row));
  return row;
}

Seen print_traces(const std::vector<std::filesystem::path>& files) {
  Seen seen;
  std::vector<std::vector<std::string>> rows = {
      {"trace", "rank", "steps", "whole", "computing", "p10", "p90"}};
  for (const auto& file : files) rows.push_back(add_trace(file, seen));
  fmt::print("{}\n", format_table(rows));
  for (const auto& text : seen.left_out) fmt::print("Left out: {}.\n", text);
  if (!seen.left_out.empty()) fmt::print("\n");
  return seen;
}

void print_collectives(const Seen& seen) {
  if (seen.collectives.empty()) {
    fmt::print("No collective says its size{}.\n",
               seen.unnamed == 0 ? "" : fmt::format(": {} kernels of NCCL do not", seen.unnamed));
    return;
  }
  std::map<ProfiledCollective, std::pair<std::size_t, std::vector<double>>> by_call;
  for (const auto& [key, times] : seen.collectives) {
    auto& [count, all] = by_call[key.second];
    ++count;
    all.insert(all.end(), times.begin(), times.end());
  }
  std::vector<std::vector<std::string>> rows = {
      {"collective", "elements", "type", "ranks", "per step", "kernel", "p10", "p90"}};
  for (const auto& [call, found] : by_call) {
    rows.push_back({call.name, fmt::format("{}", call.elements), call.type,
                    fmt::format("{}", call.ranks), fmt::format("{}", found.first)});
    std::ranges::move(spread(found.second), std::back_inserter(rows.back()));
  }
  fmt::print(
      "{}\nA kernel of NCCL waits for the other ranks: the least times are nearest to those "
      "of the exchange.\n",
      format_table(rows));
}

/// Elements of each bucket that a run of the model exchanges, in the order of their exchange.
std::vector<std::uint64_t> simulated_buckets(const KinetoCommand& command) {
  RunOptions options;
  set_run_option(options, "topology", "ring");
  set_run_option(options, "ranks", "2");
  set_run_option(options, "bandwidth", "10Gbps");
  set_run_option(options, "latency", "5us");
  set_run_option(options, "model", command.model);
  set_run_option(options, "source", "synthetic");
  set_run_option(options, "scheme", "dense");
  set_run_option(options, "compute-time", command.input);
  if (!command.bucket.empty()) set_run_option(options, "bucket", command.bucket);
  if (!options.bucket) set_run_option(options, "bucket", "ddp");
  const auto experiment = prepare(options);
  const auto layers = layers_of(experiment);
  std::vector<std::uint64_t> elements;
  elements.reserve(experiment.buckets.size());
  for (const auto& bucket : experiment.buckets)
    elements.push_back(total_parameters(layers_of(layers, bucket)));
  return elements;
}

std::string listed(const std::vector<std::uint64_t>& elements) {
  std::vector<std::string> words;
  words.reserve(elements.size());
  for (const auto count : elements) words.push_back(fmt::format("{}", count));
  return words.empty() ? "none" : join(words, ", ");
}

void print_comparison(const KinetoCommand& command, const Seen& seen) {
  const auto simulated = simulated_buckets(command);
  fmt::print("\nAll-reduced in a step, elements\n  called:    {}\n  simulated: {}\n{}\n",
             listed(seen.reduced), listed(simulated),
             seen.reduced == simulated
                 ? "They are the same."
                 : "They differ: give the --bucket that the training has, or capture it.");
}

int execute(const KinetoCommand& command) {
  std::error_code error;
  const std::filesystem::path path = command.input;
  const auto files =
      std::filesystem::is_directory(path, error) ? profiler_files(path) : std::vector{path};
  if (files.empty()) {
    throw UserError(
        {path.string(), {}}, "no trace (.json, .json.gz) in the folder",
        "a trace of the PyTorch profiler, or a folder with one of each rank, is accepted");
  }
  const Seen seen = print_traces(files);
  if (seen.computing.empty()) {
    throw UserError({path.string(), {}}, "no step with a whole backward pass on a GPU",
                    "a trace with CPU and CUDA activities of a training is accepted");
  }
  const auto cells = spread(seen.computing);
  fmt::print(
      "Computing takes {} a step: the median of {} steps of {} traces, {} to {} (tenth to "
      "ninetieth percentile).\n\n",
      cells[0], seen.computing.size(), seen.files.size(), cells[1], cells[2]);
  print_collectives(seen);
  if (!command.model.empty()) print_comparison(command, seen);
  return 0;
}

std::function<int()> add_kineto(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<KinetoCommand>();
  app.add_option("PATH", command->input,
                 "a trace of the PyTorch profiler (prof.export_chrome_trace), .json or .json.gz, "
                 "or a folder with one of each rank")
      ->required()
      ->type_name("");
  app.add_option("--model", command->model,
                 "of the training (as run takes it): compares the all-reduces that were called "
                 "with those that are simulated")
      ->type_name("NAME|FILE|DIR");
  app.add_option("--bucket", command->bucket,
                 "what is simulated: ddp, or a size; default: that of a captured model, or ddp")
      ->type_name("ddp|Q");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition kineto_command;
const CommandDefinition kineto_command = {
    "kineto", "steps and collectives in traces of the PyTorch profiler", add_kineto};

}  // namespace ringsim
