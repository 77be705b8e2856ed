#pragma once
// A command of the program: one file each, registered by name.
#include <functional>
#include <span>
#include <string>
#include <string_view>

// Declared, not included: compiling any source that includes CLI11 takes 4 s.
namespace CLI {
class App;
}

namespace ringsim {

/// The command line as it was typed, for the provenance of results.
struct Invocation {
  std::string text;
};

/// A command by name. Beside its implementation: `extern const CommandDefinition NAME_command;`.
struct CommandDefinition {
  std::string_view name;
  std::string_view description;
  /// Adds the command's options to `app` and returns what runs it once they are parsed (its exit
  /// code).
  std::function<int()> (*add)(CLI::App& app, const Invocation& invocation);
};

/// All commands, in the order of --help (generated from tools/ringsim/CMakeLists.txt).
std::span<const CommandDefinition* const> commands();

/// The values of `--format`.
enum class Format { table, json, csv };
/// Adds `--format table|json|csv` to a command.
void add_format_option(CLI::App& app, Format& format);

/// The values of `--format` of commands that end in a verdict: `table` and `markdown` have what
/// decides, `full` has everything that people read.
enum class ResultFormat { table, full, json, csv, markdown };
/// Adds `--format table|full|json|csv|markdown` to a command.
void add_result_format_option(CLI::App& app, ResultFormat& format);

}  // namespace ringsim
