// ringsim explain: what a word means that ringsim writes or takes.
#include "base/error.hpp"
#include "base/text.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/explain_options.hpp"
#include "tools/ringsim/man_page.hpp"
#include "tools/ringsim/output_document.hpp"
#include "tools/ringsim/schema_document.hpp"
#include "tools/ringsim/wrapped_text.hpp"

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
  static const std::vector<Document> all = {{"output", output_document},
                                            {"files", files_table},
                                            {"options", options_document},
                                            {"schema", schema_document},
                                            {"man", man_page}};
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
                 "prints a document instead: output (all files, columns and keys), files (their "
                 "table), options, schema (options and columns as JSON, for programs) or man (the "
                 "manual page)")
      ->type_name("NAME");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition explain_command;
const CommandDefinition explain_command = {
    "explain", "what a column, a key of summary.json, a scheme or an option means", add_explain};

}  // namespace ringsim
