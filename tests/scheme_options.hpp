#pragma once
// Options of schemes, set by name in tests.
#include "models/schemes/scheme.hpp"

#include <fmt/format.h>

#include <string_view>
#include <type_traits>

namespace ringsim {

/// As if "--NAME VALUE" had been given. Throws UserError.
template <class T>
void set(SchemeOptions& options, std::string_view name, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    options.set(scheme_option(name), value ? "on" : "off");
  } else {
    options.set(scheme_option(name), fmt::format("{}", value));
  }
}

}  // namespace ringsim
