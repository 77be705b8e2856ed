// ringsim completion: a script with which a shell completes commands, options and their values.
#include "base/error.hpp"
#include "base/text.hpp"
#include "sim/run/run_options.hpp"
#include "tools/ringsim/command.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace ringsim {
namespace {

/// "--scheme) words='dense iwp';;" for every option whose values are words.
std::string value_cases() {
  std::string cases;
  for (const auto& option : run_options()) {
    const auto words = words_of(option.limits);
    const bool takes_files = option.reads != nullptr;
    if (words.empty() && !takes_files) continue;
    cases += fmt::format("    --{}) words='{}'{};;\n", option.name, join(words, " "),
                         takes_files ? "; files=1" : "");
  }
  return cases;
}

/// "run) options='--topology --ranks ...';;" for every command, from what it added itself.
std::string option_cases(const CLI::App& program) {
  std::string cases;
  for (const auto* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> names;
    for (const auto* option : command->get_options()) {
      for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    }
    cases += fmt::format("    {}) options='{}';;\n", command->get_name(), join(names, " "));
  }
  return cases;
}

std::string bash_script(const CLI::App& program) {
  std::vector<std::string> names;
  for (const auto* command : commands()) names.emplace_back(command->name);
  return fmt::format(R"(# Completion of ringsim for bash: source <(ringsim completion bash)
_ringsim() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local options='' words='' files=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '{}' -- "$word")
    return
  fi
  case $before in
{}  esac
  if [ -n "$words$files" ]; then
    mapfile -t COMPREPLY < <(compgen ${{files:+-f}} -W "$words" -- "$word")
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word");;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word");;
  esac
}}
complete -F _ringsim ringsim
)",
                     join(names, " "), value_cases(), option_cases(program));
}

int execute(const CLI::App& app, const std::string& shell) {
  if (shell != "bash") {
    throw UserError({{}, "completion"}, fmt::format("found \"{}\"", shell), "bash is accepted");
  }
  fmt::print("{}", bash_script(*app.get_parent()));
  return 0;
}

std::function<int()> add_completion(CLI::App& app, const Invocation&) {
  auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash: source <(ringsim completion bash)")
      ->type_name("")
      ->required();
  return [&app, shell] { return execute(app, *shell); };
}

}  // namespace

extern const CommandDefinition completion_command;
const CommandDefinition completion_command = {
    "completion", "a script with which a shell completes commands, options and values",
    add_completion};

}  // namespace ringsim
