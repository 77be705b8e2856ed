#pragma once
// Looking things up that are registered by name (cmake/RingsimRegistry.cmake).
#include "base/option_names.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// The definition of this name. Throws UserError at `option` ("scheme"): unknown `what`
/// ("scheme"), did you mean ..., and the names that are accepted.
template <class Definition>
const Definition& find_by_name(std::span<const Definition* const> definitions,
                               std::string_view name, std::string_view option,
                               std::string_view what) {
  std::vector<std::string> names;
  for (const auto* definition : definitions) {
    if (definition->name == name) return *definition;
    names.emplace_back(definition->name);
  }
  throw UserError(option_place(option),
                  fmt::format("unknown {} \"{}\"{}", what, name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

}  // namespace ringsim
