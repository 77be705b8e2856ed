#include "base/registry.hpp"
#include "models/schemes/scheme.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// An option that is new stands before the next one of its scheme that is known already.
void add_options(const SchemeDefinition& scheme, std::vector<const SchemeOption*>& all) {
  const auto is_known = [&](const SchemeOption* option) {
    return std::ranges::find(all, option) != all.end();
  };
  for (auto option = scheme.options.begin(); option != scheme.options.end(); ++option) {
    if (is_known(*option)) continue;
    const auto next = std::find_if(option, scheme.options.end(), is_known);
    all.insert(next == scheme.options.end() ? all.end() : std::ranges::find(all, *next), *option);
  }
}

}  // namespace

const SchemeDefinition& find_scheme(std::string_view name) {
  return find_by_name(schemes(), name, "scheme", "scheme");
}

std::span<const SchemeOption* const> scheme_options() {
  static const auto all = [] {
    std::vector<const SchemeOption*> options;
    for (const auto* scheme : schemes()) add_options(*scheme, options);
    return options;
  }();
  return all;
}

const SchemeOption& scheme_option(std::string_view name) {
  const auto all = scheme_options();
  const auto found = std::ranges::find(all, name, [](const auto* option) { return option->name; });
  check(found != all.end(), "no scheme takes this option");
  return **found;
}

}  // namespace ringsim
