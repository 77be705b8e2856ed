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

constexpr std::size_t width = 120;

/// Markdown: options are code with dashes, and what would be emphasis or a tag stands as it is.
std::string markdown(std::string_view text) {
  std::string escaped;
  bool is_code = false;
  for (const char c : text) {
    if (c == '`') {
      escaped += is_code ? "`" : "`--";
      is_code = !is_code;
      continue;
    }
    if (c == '*' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// An item of a list, in lines of at most `width` characters where words allow it.
std::string item(std::string_view text) {
  std::string lines, line = "-";
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (line.size() + 1 + word.size() > width) {
      lines += line + '\n';
      line = " ";
    }
    line.append(" ").append(word);
  }
  return lines + line + '\n';
}

std::string document_item(const RunOption& option) {
  std::string text = fmt::format("`--{} {}`: {}. Accepted: {}.", option.name, option.value,
                                 markdown(option.meaning), markdown(limit_text(option.limits)));
  if (const auto value = default_of(option); !value.empty())
    text += fmt::format(" Default: {}.", markdown(value));
  if (const auto needs = needs_of(option); !needs.empty())
    text += fmt::format(" Needs {}.", markdown(needs));
  if (option.affects != Affects::learning)
    text += fmt::format(" Affects {}.", text_of(option.affects));
  return item(text);
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
      "`ringsim run`, `scan`, `breakeven` and `optimize` take these, `prune` some of them. "
      "`ringsim "
      "explain OPTION` prints\n"
      "one, and `ringsim explain --document options` this page. An option affects what is learned "
      "and "
      "sent where nothing else\n"
      "is said; a scan shares one recording among all points that differ in timing alone.\n";
  std::string_view group;
  for (const auto& option : run_options()) {
    if (option.group != group) {
      group = option.group;
      text += fmt::format("\n## Group {}\n\n", group);
    }
    text += document_item(option);
  }
  text +=
      "\n## What a step computes\n\n"
      "G, R and M are a rank's gradient, residual and mask; A is what it selects from.\n\n";
  for (const auto* scheme : schemes())
    text += item(fmt::format("{}: `{}` ({})", scheme->name, scheme->equation, scheme->source));
  return text;
}

}  // namespace ringsim
