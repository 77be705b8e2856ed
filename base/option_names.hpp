#pragma once
// How messages name options. Libraries do not know how an option is given (`--density X` on a
// command line, `density=X` in a program): they write its name in backquotes, and who shows the
// message replaces that.
#include "base/error.hpp"

#include <string>
#include <string_view>

namespace ringsim {

/// "density" as it stands in messages: "`density`".
inline std::string option_word(std::string_view name) { return "`" + std::string(name) + "`"; }

/// The place of an option's value.
inline Place option_place(std::string_view name) { return {{}, option_word(name)}; }

/// `message` with every name in backquotes (lower-case letters, digits and hyphens) as the command
/// line has it: "--density".
std::string with_dashes(std::string_view message);

}  // namespace ringsim
