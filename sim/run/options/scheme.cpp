// Options: the scheme. What it takes itself is declared in its file (models/schemes).
#include "sim/run/options/rows.hpp"

namespace ringsim {
namespace {

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const auto* scheme : schemes()) names.emplace_back(scheme->name);
  return names;
}

constexpr RunOption rows[] = {
    {{.name = "scheme",
      .value = "NAME",
      .meaning = "what is sent (ringsim list schemes)",
      .limits = NameOf{scheme_names, [](std::string_view name) { find_scheme(name); }},
      .default_value = "iwp"},
     {.group = "scheme",
      .affects = Affects::both,
      .set = [](RunOptions& o, const OptionValue& v) { o.scheme = value_as<std::string>(v); }}},
};

}  // namespace

std::span<const RunOption> scheme_choice_options() { return rows; }

}  // namespace ringsim
