#include "tools/ringsim/application.hpp"

#include "base/error.hpp"
#include "base/free_memory.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/command_text.hpp"
#include "tools/ringsim/standard_streams.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace ringsim {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_wrong_input = 2;

std::string command_line(int argc, char** argv) {
  std::vector<std::string> words = {"ringsim"};
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  return command_text(words);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

/// The option names that `app` and the command that was given take.
std::vector<std::string> known_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  for (auto& command : command_names(app)) names.push_back(std::move(command));
  return names;
}

/// The option or argument that the library's message begins with, where it names one.
const CLI::Option* option_named_in(const CLI::App& app, std::string_view message) {
  for (const auto* option : app.get_options()) {
    const auto name = option->get_name();
    if (!name.empty() && message.starts_with(name) &&
        (message.size() == name.size() || message[name.size()] == ':' ||
         message[name.size()] == ' '))
      return option;
  }
  return nullptr;
}

/// The kind of value that an option takes, as help has it: "N" of "N:INT in [1 - 4096]".
std::string value_name(const CLI::Option& option) {
  const auto type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

/// What the parser found wrong, in our words.
std::string parse_message(const CLI::App& at, const CLI::ParseError& error) {
  std::string message = error.what();
  if (error.get_name() == "ConversionError") {
    // "Could not convert: --quiet = maybe"
    const auto name = message.substr(std::min(message.find("--"), message.size()));
    return name.substr(0, name.find(' ')) + ": found a value; it takes none";
  }
  const auto* option = option_named_in(at, message);
  if (error.get_name() == "RequiredError") {
    if (option) return fmt::format("{}: is missing", option->get_name());
    return "a command is missing; accepted: " + join(command_names(at), ", ");
  }
  if (option == nullptr) return message;
  if (error.get_name() == "ArgumentMismatch") {
    if (option->count() > 1)
      return fmt::format("{}: stands {} times; once is accepted", option->get_name(),
                         option->count());
    return fmt::format("{}: has no value; {} is accepted", option->get_name(), value_name(*option));
  }
  if (error.get_name() == "ValidationError" && !option->results().empty()) {
    const auto limits = option->get_type_name();
    const auto from = limits.find('['), between = limits.find(" - ");
    if (from != std::string::npos && between != std::string::npos)
      return fmt::format("{}: found \"{}\"; a whole number from {} to {} is accepted",
                         option->get_name(), option->results().back(),
                         limits.substr(from + 1, between - from - 1),
                         limits.substr(between + 3, limits.find(']') - between - 3));
  }
  return message;
}

/// The innermost command that was given.
const CLI::App& innermost(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? app : innermost(*given.front());
}

int report_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto given = app.get_subcommands();
  const CLI::App& at = given.empty() ? app : *given.front();
  const std::string help =
      given.empty() ? "ringsim --help" : fmt::format("ringsim {} --help", at.get_name());
  std::string message = parse_message(innermost(app), error);
  // Words that nothing takes explain best what is wrong, whatever else is.
  const auto extras = app.remaining(true);
  if (!extras.empty()) {
    const std::string& word = extras.front();
    const bool is_option = word.rfind('-', 0) == 0;
    message = fmt::format("{}: unknown {}{}", word.substr(0, word.find('=')),
                          is_option       ? "option"
                          : given.empty() ? "command"
                                          : "argument",
                          did_you_mean(word.substr(0, word.find('=')), known_names(at)));
  }
  say(fmt::format("{}; see {}\n", message, help));
  return exit_wrong_input;
}

using Actions = std::map<const CLI::App*, std::function<int()>>;

/// A file or folder without a name would be none, without a word.
void check_files_have_names(const CLI::App& app) {
  for (const auto* option : app.get_options()) {
    const auto type = option->get_type_name();
    if (type != "FILE" && type != "DIR" && type != "TRACE" && type != "FILE...") continue;
    for (const auto& value : option->results()) {
      if (!value.empty()) continue;
      throw UserError({{}, option->get_name()}, "found \"\"",
                      "the name of a file or folder is accepted");
    }
  }
  for (const auto* command : app.get_subcommands()) check_files_have_names(*command);
}

/// "--scheme=" would take the next word for its value.
void check_values_stand_behind_names(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") return;
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      throw UserError({{}, std::string(word.substr(0, word.size() - 1))}, "has no value",
                      "a value behind = is accepted", "give one, or leave the option out");
    }
  }
}

/// Help and version are printed and done with.
int run_command(CLI::App& app, int argc, char** argv, const Actions& actions) {
  check_values_stand_behind_names(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  }
  check_files_have_names(app);
  return actions.at(app.get_subcommands().front())();
}

}  // namespace

namespace {

template <class Value>
using Formats = std::vector<std::pair<std::string, Value>>;

template <class Value>
void add_format(CLI::App& app, Value& format, const Formats<Value>& formats,
                const std::string& meaning) {
  app.add_option_function<std::string>(
         "--format",
         [&format, formats](const std::string& text) {
           const auto found = std::ranges::find(formats, text, &Formats<Value>::value_type::first);
           if (found == formats.end()) {
             std::vector<std::string> names;
             for (const auto& [name, value] : formats) names.push_back(name);
             throw UserError({{}, "--format"}, fmt::format("found \"{}\"", text),
                             "accepted: " + join(names, ", "));
           }
           format = found->second;
         },
         meaning)
      ->type_name("FORMAT")
      ->group("output");
}

}  // namespace

void add_format_option(CLI::App& app, Format& format) {
  add_format<Format>(app, format,
                     {{"table", Format::table}, {"json", Format::json}, {"csv", Format::csv}},
                     "how the result is printed: table, json or csv; default table");
}

void add_result_format_option(CLI::App& app, ResultFormat& format) {
  add_format<ResultFormat>(app, format,
                           {{"table", ResultFormat::table},
                            {"full", ResultFormat::full},
                            {"json", ResultFormat::json},
                            {"csv", ResultFormat::csv},
                            {"markdown", ResultFormat::markdown}},
                           "how the result is printed: table (what decides, and a verdict), full "
                           "(all figures), json, csv or markdown (as table, for GitHub); default "
                           "table");
}

int run_application(int argc, char** argv) {
  take_standard_descriptors();
  CLI::App app(
      "ringsim simulates gradient exchange in distributed training:\n"
      "does pruning my gradients pay here, in seconds, in bytes, in accuracy?",
      "ringsim");
  app.set_version_flag("--version", std::string("ringsim ") + RINGSIM_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  const Invocation invocation{command_line(argc, argv)};
  Actions actions;
  for (const auto* command : commands()) {
    auto* sub = app.add_subcommand(std::string(command->name), std::string(command->description));
    actions[sub] = command->add(*sub, invocation);
  }
  try {
    const int code = run_command(app, argc, argv, actions);
    if (code == 0) finish_stdout();
    return code;
  } catch (const CLI::ParseError& error) {
    return report_parse_error(app, error);
  } catch (const UserError& error) {
    say(with_dashes(error.what()) + "\n");
    return exit_wrong_input;
  } catch (const std::system_error& error) {
    const bool is_stdout = std::ferror(stdout) != 0;
    say(is_stdout ? fmt::format("standard output: cannot be written ({})\n", error.code().message())
                  : with_dashes(error.what()) + "\n");
    return exit_failed;
  } catch (const std::exception& error) {
    say(with_dashes(failure_text(error)) + "\n");
    return exit_failed;
  }
}

}  // namespace ringsim
