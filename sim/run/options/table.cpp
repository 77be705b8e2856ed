// The table of options, put together from its groups, the schemes and the collectives.
#include "base/error.hpp"
#include "base/text.hpp"
#include "sim/run/options/rows.hpp"
#include "sim/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

using Table = std::vector<RunOption>;

RunOption row_of(const SchemeOption& option) {
  return {option,
          {.group = option.group,
           .affects = option.affects,
           .origins = option.origins,
           .taken_by = TakenBy::scheme,
           .of_scheme = &option}};
}

RunOption row_of(const CollectiveOption& option) {
  return {option,
          {.group = "network",
           .affects = Affects::timing,
           .taken_by = TakenBy::collective,
           .of_collective = &option}};
}

void add(Table& table, std::span<const RunOption> rows) {
  for (const auto& row : rows) {
    table.push_back(row);
    if (row.name != "collective") continue;
    for (const auto* option : collective_options()) table.push_back(row_of(*option));
  }
  for (const auto* option : scheme_options()) {
    if (option->group != rows.front().group) continue;
    const bool is_known = std::ranges::find(table, option, &RunOption::of_scheme) != table.end();
    if (!is_known) table.push_back(row_of(*option));
  }
}

/// The names of the schemes or the collectives that take the option.
std::vector<std::string> takers_of(const RunOption& option) {
  std::vector<std::string> names;
  const auto add_takers = [&](const auto& definitions) {
    for (const auto* definition : definitions) {
      if (takes(definition->name, option)) names.emplace_back(definition->name);
    }
  };
  if (option.taken_by == TakenBy::scheme) add_takers(schemes());
  if (option.taken_by == TakenBy::collective) add_takers(collectives());
  return names;
}

std::string origins_text(unsigned origins) {
  std::vector<std::string> names;
  if ((origins & from_training) != 0) names.emplace_back("train");
  if ((origins & from_model) != 0) names.emplace_back("synthetic");
  if (names.empty() || origins == from_anywhere) return {};
  return (origins & from_bytes) != 0 ? "`source` " + either(names) + ", or `bytes`"
                                     : "`source` " + either(names);
}

}  // namespace

std::span<const RunOption> run_options() {
  static const Table table = [] {
    Table all;
    for (const auto* group : option_groups()) add(all, group->rows);
    return all;
  }();
  return table;
}

const RunOption* find_run_option(std::string_view name) {
  const auto found = std::ranges::find(run_options(), name, &RunOption::name);
  return found == run_options().end() ? nullptr : &*found;
}

void set_run_option(RunOptions& options, std::string_view name, std::string_view text) {
  const auto* option = find_run_option(name);
  check(option != nullptr, "set_run_option: no such option");
  if (option->of_scheme != nullptr) {
    options.scheme_options.set(*option->of_scheme, text);
  } else {
    auto value = parse_value(option->limits, text, name);
    if (option->of_collective != nullptr) {
      options.collective_options.emplace_back(option->of_collective, std::move(value));
    } else {
      option->set(options, value);
    }
  }
  options.given.push_back(option->name);
}

bool is_given(const RunOptions& options, std::string_view name) {
  return std::ranges::find(options.given, name) != options.given.end();
}

bool is_timing_option(std::string_view name) {
  const auto* option = find_run_option(name);
  return option != nullptr && option->affects == Affects::timing;
}

bool takes(std::string_view name, const RunOption& option) {
  if (option.taken_by == TakenBy::scheme) {
    const auto options = find_scheme(name).options;
    return std::ranges::find(options, option.of_scheme) != options.end();
  }
  if (name == automatic_collective) return takes("ring", option);
  const auto options = find_collective(name).options;
  return std::ranges::find(options, option.of_collective) != options.end();
}

std::string needs_of(const RunOption& option) {
  std::vector<std::string> needs;
  if (const auto takers = takers_of(option); !takers.empty()) {
    const auto* by = option.taken_by == TakenBy::scheme ? "scheme" : "collective";
    needs.push_back(fmt::format("`{}` {}", by, either(takers)));
  }
  if (auto origins = origins_text(option.origins); !origins.empty()) needs.push_back(origins);
  for (const auto& condition : option.conditions) needs.emplace_back(condition.text);
  if (!option.needs.empty()) needs.emplace_back(option.needs);
  return join(needs, "; ");
}

}  // namespace ringsim
