#include "tools/ringsim/explain_options.hpp"

#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

std::string_view text_of(Affects affects) {
  switch (affects) {
    case Affects::learning:
      return "what is learned and sent";
    case Affects::timing:
      return "how long things take";
    case Affects::both:
      break;
  }
  return "what is learned and sent, and how long it takes";
}

std::string line(std::string_view name, std::string_view text) {
  return text.empty() ? std::string() : fmt::format("  {:<9} {}\n", name, with_dashes(text));
}

std::string options_of(const SchemeDefinition& scheme) {
  std::vector<std::string> names;
  for (const auto* option : scheme.options) names.push_back(option_word(option->name));
  return names.empty() ? "none" : join(names, ", ");
}

/// Text of a cell of a Markdown table; options are code.
std::string cell(std::string_view text) {
  std::string escaped;
  bool is_code = false;
  for (const char c : text) {
    if (c == '`') {
      escaped += is_code ? "`" : "`--";
      is_code = !is_code;
    } else if (c == '|' || c == '*' || c == '<') {
      escaped += std::string("\\") + c;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string document_row(const RunOption& option) {
  std::string meaning = cell(option.meaning);
  if (const auto needs = needs_of(option); !needs.empty()) meaning += ". Needs " + cell(needs);
  return fmt::format("| `--{} {}` | {} | {} | {} | {} |\n", option.name, cell(option.value),
                     meaning, cell(limit_text(option.limits)), cell(default_of(option)),
                     option.affects == Affects::learning ? "learning"
                     : option.affects == Affects::timing ? "timing"
                                                         : "both");
}

}  // namespace

std::vector<std::string> option_names() {
  std::vector<std::string> names;
  for (const auto& option : run_options()) names.emplace_back(option.name);
  return names;
}

std::string explain_option(std::string_view name) {
  if (name.starts_with("--")) name.remove_prefix(2);
  const auto* option = find_run_option(name);
  if (option == nullptr) return {};
  return fmt::format("--{} {} (group {})\n", option->name, option->value, option->group) +
         line("meaning", option->meaning) + line("accepted", limit_text(option->limits)) +
         line("default", default_of(*option)) + line("needs", needs_of(*option)) +
         line("affects", text_of(option->affects)) +
         line("reads", option->reads != nullptr ? "the files that its value names" : "");
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const auto* scheme : schemes()) names.emplace_back(scheme->name);
  return names;
}

std::string explain_scheme(std::string_view name) {
  for (const auto* scheme : schemes()) {
    if (scheme->name != name) continue;
    return fmt::format("--scheme {}\n", name) + line("meaning", scheme->description) +
           line("equation", scheme->equation) + line("source", scheme->source) +
           line("defaults",
                fmt::format("learning rate {}, momentum {}", scheme->defaults.learning_rate,
                            scheme->defaults.momentum)) +
           line("options", options_of(*scheme));
  }
  return {};
}

std::string options_document() {
  std::string text =
      "# Options of a run\n\n"
      "`ringsim run`, `scan`, `breakeven` and `optimize` take these (`prune` some of them); "
      "`ringsim explain OPTION` prints\n"
      "one. \"Affects\" says whether a value changes what is learned and sent, how long it takes, "
      "or "
      "both: a scan shares one\n"
      "recording among all points that differ in timing alone.\n";
  std::string_view group;
  for (const auto& option : run_options()) {
    if (option.group != group) {
      group = option.group;
      text += fmt::format(
          "\n## {}\n\n| option | meaning | accepted | default | affects |\n| --- | --- | --- | --- "
          "| "
          "--- |\n",
          group);
    }
    text += document_row(option);
  }
  text +=
      "\n## Schemes\n\nG, R and M are a rank's gradient, residual and mask, A what it adds up.\n\n";
  text += "| scheme | what a step computes | source |\n| --- | --- | --- |\n";
  for (const auto* scheme : schemes()) {
    text += fmt::format("| {} | {} | {} |\n", scheme->name, cell(scheme->equation),
                        cell(scheme->source));
  }
  return text;
}

}  // namespace ringsim
