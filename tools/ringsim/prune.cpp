// ringsim prune: dumped gradients -> a sparse gradient trace.
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/run/run_options.hpp"
#include "sim/sources/prune_dump.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/experiment_options.hpp"
#include "tools/ringsim/progress.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/csv.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

namespace ringsim {
namespace {

/// Those of run's options that say how gradients are pruned.
constexpr std::array<std::string_view, 12> shared_options = {
    "scheme",        "density",  "threshold",           "broadcasters", "floor", "tail",
    "mask-interval", "momentum", "momentum-correction", "whole-below",  "seed",  "engine"};

struct PruneCommand {
  std::map<std::string_view, std::string> values;  ///< of shared_options, as typed
  PruneOptions options;
  std::string weights, output, nonfinite = "error";
  std::vector<std::string> gradients;
  Format format = Format::table;
  bool quiet = false;
};

std::vector<std::vector<std::string>> table_of(const PruneResult& result, bool exact) {
  std::vector<std::vector<std::string>> rows = {
      {"layer", "parameters", "sent whole", "density", "mask bytes"}};
  for (const auto& layer : result.layers) {
    const auto figure = [&](double value, const char* rounded) {
      return exact ? fmt::format("{}", value) : fmt::format(fmt::runtime(rounded), value);
    };
    rows.push_back({layer.name, fmt::format("{}", layer.parameters), layer.whole ? "yes" : "no",
                    figure(layer.density, "{:.5f}"),
                    layer.whole ? std::string() : figure(layer.mask_bytes, "{:.1f}")});
  }
  return rows;
}

void print(const PruneResult& result, Format format) {
  const auto rows = table_of(result, format != Format::table);
  if (format == Format::table) {
    fmt::print("{}", format_table(rows));
    return;
  }
  if (format == Format::csv) {
    for (const auto& row : rows) fmt::print("{}", csv_line(row));
    return;
  }
  Json::Array layers;
  for (const auto& layer : result.layers) {
    layers.push_back(Json::Object{{"layer", layer.name},
                                  {"parameters", layer.parameters},
                                  {"sent_whole", layer.whole},
                                  {"density", layer.density},
                                  {"mask_bytes", layer.whole ? Json() : Json(layer.mask_bytes)}});
  }
  fmt::print("{}", to_text(Json::Object{{"steps", result.steps},
                                        {"ranks", result.ranks},
                                        {"engine", result.engine},
                                        {"layers", std::move(layers)}}));
}

/// Without training momentum moves nothing but the velocities of momentum correction.
void check_effects(const RunOptions& run) {
  const bool corrects = run.scheme_options.find<bool>(momentum_correction_option)
                            .value_or(run.momentum.value_or(0) > 0 && run.scheme != "cltk");
  if (is_given(run, "momentum") && !corrects) {
    throw UserError(option_place("momentum"), "has no effect without momentum correction", {},
                    "add `momentum-correction` on, or leave it out");
  }
}

int execute(const CLI::App& app, const PruneCommand& command, const Invocation& invocation) {
  const RunOptions run = parse_run_options(app, command.values);
  check_effects(run);
  if (command.nonfinite != "error" && command.nonfinite != "keep") {
    throw UserError({{}, "--nonfinite"}, fmt::format("found \"{}\"", command.nonfinite),
                    "error or keep is accepted");
  }
  if (command.options.model.empty())
    throw UserError({{}, "--name"}, "found \"\"", "a name is accepted");
  PruneOptions options = command.options;
  options.weights = command.weights;
  options.gradients.assign(command.gradients.begin(), command.gradients.end());
  options.output = command.output;
  options.scheme = run.scheme;
  options.scheme_options = run.scheme_options;
  options.scheme_options.seed = run.seed;
  options.scheme_options.momentum = run.momentum.value_or(0);
  options.keep_nonfinite = command.nonfinite == "keep";
  options.command = invocation.text;
  Progress progress(command.quiet);
  const auto result = prune_dump(options, [&](std::uint64_t done, std::uint64_t steps) {
    progress.step({done, steps, {}, {}});
  });
  progress.line(fmt::format("pruned {} steps of {} ranks with {}; the trace is in {}", result.steps,
                            result.ranks, result.engine, command.output));
  if (!result.passed_over.empty()) {
    progress.line(fmt::format("passed over, as {} has no gradient of them: {}",
                              command.gradients.front(), join(result.passed_over, ", ")));
  }
  progress.density(result.density);
  print(result, command.format);
  return 0;
}

std::function<int()> add_prune(CLI::App& app, const Invocation& invocation) {
  auto command = std::make_shared<PruneCommand>();
  app.add_option("--gradients", command->gradients,
                 "safetensors or npy files, one per step, in order; tensors as in --weights, or "
                 "with the ranks as one more dimension in front")
      ->type_name("FILE...")
      ->required()
      ->group("input");
  app.add_option("--weights", command->weights,
                 "safetensors or npy file; its tensors are the layers; the same in every step")
      ->type_name("FILE")
      ->required()
      ->group("input");
  app.add_option("--nonfinite", command->nonfinite,
                 "NaN and infinity in a gradient or a weight: error (the default), or keep, as "
                 "models/prune/nonfinite.hpp says")
      ->type_name("error|keep")
      ->group("input");
  for (const auto& option : run_options()) {
    if (std::ranges::find(shared_options, option.name) == shared_options.end()) continue;
    add_run_option(app, option, command->values[option.name]);
  }
  app.add_option("-o,--output", command->output, "folder for the trace; new or empty")
      ->type_name("TRACE")
      ->required()
      ->group("output");
  app.add_option("--name", command->options.model, "what the trace calls the model; default dump")
      ->type_name("NAME")
      ->group("output");
  app.add_flag("--masks", command->options.write_masks, "the trace holds the masks, too")
      ->group("output");
  app.add_flag("--packed-values", command->options.write_values,
               "the trace holds the values that were sent, too")
      ->group("output");
  add_format_option(app, command->format);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [&app, command, &invocation] { return execute(app, *command, invocation); };
}

}  // namespace

extern const CommandDefinition prune_command;
const CommandDefinition prune_command = {
    "prune", "prunes dumped gradients into a sparse gradient trace", add_prune};

}  // namespace ringsim
