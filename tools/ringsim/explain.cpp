// ringsim explain: what a word means that ringsim writes or takes.
#include "base/error.hpp"
#include "base/text.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/run/run_options.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/output_document.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace ringsim {
namespace {

constexpr std::size_t width = 100;

/// Text of the records as a terminal shows it.
std::string plain(std::string_view markdown) {
  std::string text(markdown);
  std::erase(text, '`');
  return text;
}

std::string paragraph(std::string_view text) { return wrapped(plain(text), "  ", 2, width); }

/// One kind of thing that can be explained.
struct Explainer {
  std::string_view kind;  ///< in the list of all names
  std::vector<std::string> (*names)();
  /// The explanation, lines with their newlines; empty where nothing of this kind has the name.
  std::string (*explain)(std::string_view name);
};

std::vector<std::string> field_names() {
  std::vector<std::string> names;
  for (const auto& file : output_files()) {
    for (const auto& field : file.fields) {
      if (std::ranges::find(names, field.name) == names.end()) names.push_back(field.name);
    }
  }
  return names;
}

std::string explain_field(std::string_view name) {
  std::string text;
  for (const auto& [heading, fields] : output_files()) {
    for (const auto& field : fields) {
      if (field.name != name) continue;
      const auto unit = unit_text(field.unit);
      text +=
          fmt::format("{} in {}{}{}\n", name, heading.name, unit.empty() ? "" : ", unit: ", unit) +
          paragraph(field.meaning);
    }
  }
  return text;
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const auto* scheme : schemes()) names.emplace_back(scheme->name);
  return names;
}

std::string explain_scheme(std::string_view name) {
  for (const auto* scheme : schemes()) {
    if (scheme->name != name) continue;
    const auto options =
        scheme->options.empty() ? std::string("none") : "--" + join(scheme->options, ", --");
    return fmt::format("--scheme {}\n", name) + paragraph(scheme->description) +
           paragraph(fmt::format("source: {}", scheme->source)) +
           paragraph(fmt::format("defaults: learning rate {}, momentum {}",
                                 scheme->defaults.learning_rate, scheme->defaults.momentum)) +
           paragraph(fmt::format("options of its own: {}", options));
  }
  return {};
}

std::vector<std::string> option_names() {
  std::vector<std::string> names;
  for (const auto& option : run_options()) names.emplace_back(option.name);
  return names;
}

/// The names of the definitions that take an option.
template <class Definitions>
std::string takers(const Definitions& definitions, std::string_view option) {
  std::vector<std::string> names;
  for (const auto* definition : definitions) {
    if (std::ranges::find(definition->options, option) != definition->options.end())
      names.emplace_back(definition->name);
  }
  return join(names, ", ");
}

std::string explain_option(std::string_view name) {
  name.remove_prefix(name.starts_with("--") ? 2 : 0);  // as in: explain -- --density
  for (const auto& option : run_options()) {
    if (option.name != name) continue;
    auto text = fmt::format("--{} {} (group {})\n", name, option.value, option.group) +
                paragraph(option.help);
    if (const auto names = takers(schemes(), name); !names.empty())
      text += paragraph(fmt::format("schemes that take it: {}", names));
    if (const auto names = takers(collectives(), name); !names.empty())
      text += paragraph(fmt::format("collectives that take it: {}", names));
    return text;
  }
  return {};
}

constexpr std::array<Explainer, 3> explainers = {{
    {"columns of tables and keys of summary.json", field_names, explain_field},
    {"schemes", scheme_names, explain_scheme},
    {"options of run and scan", option_names, explain_option},
}};

struct Document {
  std::string name;
  std::string (*text)();
};

const std::vector<Document>& documents() {
  static const std::vector<Document> all = {{"output", output_document}, {"files", files_table}};
  return all;
}

struct ExplainCommand {
  std::string what, document;
};

std::string names_text() {
  std::string text;
  for (const auto& explainer : explainers) {
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", explainer.kind);
    text += paragraph(join(explainer.names(), " "));
  }
  return text;
}

std::string explain(const std::string& what) {
  std::string text;
  std::vector<std::string> known;
  for (const auto& explainer : explainers) {
    const auto found = explainer.explain(what);
    if (!text.empty() && !found.empty()) text += '\n';
    text += found;
    std::ranges::move(explainer.names(), std::back_inserter(known));
  }
  if (!text.empty()) return text;
  throw UserError({{}, "explain"}, fmt::format("found \"{}\"{}", what, did_you_mean(what, known)),
                  "a column, a key of summary.json, a scheme or an option is accepted",
                  "ringsim explain lists them");
}

std::string document(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& document : documents()) {
    if (document.name == name) return document.text();
    names.push_back(document.name);
  }
  throw UserError({{}, "--document"},
                  fmt::format("found \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

int execute(const ExplainCommand& command) {
  if (!command.what.empty() && !command.document.empty()) {
    throw UserError({{}, "--document"}, "stands beside a word to explain",
                    "one of them is accepted", "leave the other one out");
  }
  fmt::print("{}", !command.document.empty() ? document(command.document)
                   : command.what.empty()    ? names_text()
                                             : explain(command.what));
  return 0;
}

std::function<int()> add_explain(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<ExplainCommand>();
  app.add_option("WHAT", command->what,
                 "a column of a table, a key of summary.json, a scheme or an option; without it, "
                 "what can be explained")
      ->type_name("");
  app.add_option("--document", command->document,
                 "prints a document instead: output (all files, columns and keys) or files (their "
                 "table)")
      ->type_name("NAME");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition explain_command;
const CommandDefinition explain_command = {
    "explain", "what a column, a key of summary.json, a scheme or an option means", add_explain};

}  // namespace ringsim
