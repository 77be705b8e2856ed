// ringsim explain: what a word means that ringsim writes or takes.
#include "base/error.hpp"
#include "base/text.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/explain_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace ringsim {
namespace {

struct ExplainCommand {
  std::string what, document;
};

std::string explain(const std::string& what) {
  const std::string text = explain_option(what) + explain_scheme(what);
  if (!text.empty()) return text;
  auto names = option_names();
  std::ranges::move(scheme_names(), std::back_inserter(names));
  throw UserError({{}, "explain"}, fmt::format("found \"{}\"{}", what, did_you_mean(what, names)),
                  "an option of a run or a scheme is accepted", "ringsim explain lists them");
}

std::string document(const std::string& name) {
  if (name == "options") return options_document();
  throw UserError({{}, "--document"}, fmt::format("found \"{}\"", name), "options is accepted");
}

int execute(const ExplainCommand& command) {
  if (!command.document.empty()) {
    fmt::print("{}", document(command.document));
  } else if (command.what.empty()) {
    fmt::print("options\n  {}\n\nschemes\n  {}\n", join(option_names(), " "),
               join(scheme_names(), " "));
  } else {
    fmt::print("{}", explain(command.what));
  }
  return 0;
}

std::function<int()> add_explain(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<ExplainCommand>();
  app.add_option("WHAT", command->what,
                 "an option of a run or a scheme; without it, what can be explained")
      ->type_name("");
  app.add_option("--document", command->document, "prints a document instead: options")
      ->type_name("NAME");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition explain_command;
const CommandDefinition explain_command = {"explain", "what an option or a scheme means",
                                           add_explain};

}  // namespace ringsim
