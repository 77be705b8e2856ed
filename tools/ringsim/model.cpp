// ringsim model: models of others as specifications, and what a specification holds.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "models/specs/imported_model.hpp"
#include "models/specs/model_spec.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace ringsim {
namespace {

struct ModelCommand {
  std::string input, output, name, operations = "on";
  std::uint64_t length = 0, batch = 1;  ///< length 0: not given
};

/// "1.25e+09": operations are compared by their size.
std::string operations(double count) { return fmt::format("{:.4g}", count); }

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void print_heading(const ModelSpec& spec, std::uint64_t batch) {
  fmt::print("{}: {} parameters in {} tensors ({})\n", spec.name, total_parameters(spec.layers),
             spec.layers.size(), spec.description);
  const double samples = static_cast<double>(batch);
  fmt::print("operations of {}{}: {} forward, {} backward\n", spec.sample,
             batch == 1 ? "" : fmt::format(", {} times", batch),
             operations(samples * sum(spec.forward_flop)),
             operations(samples * sum(backward_flop(spec.forward_flop))));
}

/// The folder's name where the file has the name that all such files have.
std::string name_of(const std::filesystem::path& path) {
  if (path.filename() != "config.json") return path.stem().string();
  return std::filesystem::absolute(path).lexically_normal().parent_path().filename().string();
}

bool has_operations(const ModelCommand& command) {
  if (command.operations == "on") return true;
  if (command.operations == "off") return false;
  throw UserError({{}, "--operations"}, fmt::format("found \"{}\"", command.operations),
                  "on or off is accepted");
}

int import_file(const ModelCommand& command) {
  ModelImportRequest request{.name = command.name.empty() ? name_of(command.input) : command.name,
                             .length = std::nullopt,
                             .has_operations = has_operations(command)};
  if (command.length > 0) request.length = command.length;
  if (!command.output.empty() && is_same_file(command.output, command.input)) {
    throw UserError({{}, "--output"}, fmt::format("{} is the file that is read", command.output),
                    "another file is accepted");
  }
  const auto model = import_model(command.input, request);
  AtomicFile file(command.output);
  file.write(to_text(to_json(model)));
  file.commit();
  print_heading(load_model_spec(command.output), command.batch);
  return 0;
}

int show(const ModelCommand& command) {
  const auto path = model_spec_file(command.input);
  if (!path) {
    std::vector<std::string> names;
    for (const auto& shipped : shipped_model_specs()) names.push_back(shipped.name);
    throw UserError(
        {{}, "MODEL"},
        fmt::format("found \"{}\"{}", command.input, did_you_mean(command.input, names)),
        "a file (with / or .json in its name) or one of these is accepted: " + join(names, ", "));
  }
  const auto spec = load_model_spec(*path);
  print_heading(spec, command.batch);
  const double samples = static_cast<double>(command.batch);
  const auto backward = backward_flop(spec.forward_flop);
  std::vector<std::vector<std::string>> rows = {{"layer", "parameters", "forward", "backward"}};
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    rows.push_back({spec.layers[i].name, fmt::format("{}", spec.layers[i].parameters),
                    operations(samples * spec.forward_flop[i]), operations(samples * backward[i])});
  }
  fmt::print("\n{}", format_table(rows));
  return 0;
}

void add_batch(CLI::App& app, ModelCommand& command) {
  app.add_option("--batch", command.batch, "samples that operations are counted for; default 1")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));
}

void add_import(CLI::App& app, ModelCommand& command) {
  app.add_option("FILE", command.input,
                 "config.json of Hugging Face (" + join(imported_families(), ", ") +
                     "), a file of safetensors, or a list of tensors: JSON {\"NAME\": [EXTENT, "
                     "...]}, or text, one NAME (EXTENT, ...) per line")
      ->required()
      ->type_name("");
  app.add_option("-o,--output", command.output, "file for the specification, for --model")
      ->required()
      ->type_name("FILE");
  app.add_option("--name", command.name, "name of the model; default: that of the file")
      ->type_name("NAME");
  app.add_option("--length", command.length,
                 "tokens per sample; default: as many as the model takes, 1 for a list of tensors")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000'000));
  app.add_option("--operations", command.operations,
                 "off: layers have none, and runs need a --compute-time; default on")
      ->type_name("on|off");
  add_batch(app, command);
}

std::function<int()> add_model(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<ModelCommand>();
  auto action = std::make_shared<int (*)(const ModelCommand&)>();
  auto* import = app.add_subcommand("import", "makes a specification of another program's file");
  add_import(*import, *command);
  import->callback([action] { *action = import_file;
});
auto* to_show = app.add_subcommand("show", "layers, parameters and operations");
to_show->add_option("MODEL", command->input, "specification, or the name of a shipped one")
    ->required()
    ->type_name("");
add_batch(*to_show, *command);
to_show->callback([action] { *action = show; });
app.require_subcommand(1);
return [command, action] { return (*action)(*command); };
}  // namespace

}  // namespace ringsim

extern const CommandDefinition model_command;
const CommandDefinition model_command = {
    "model", "import | show a model by its tensors and operations", add_model};

}  // namespace ringsim
