#pragma once
// Options of sim/run/run_options.hpp on a command's line.
#include "sim/run/run_options.hpp"

#include <map>
#include <string>
#include <string_view>

// Declared, not included: compiling any source that includes CLI11 takes 4 s.
namespace CLI {
class App;
}

namespace ringsim {

/// Adds "--NAME VALUE" to a command; the text goes to `value`.
void add_run_option(CLI::App& app, const RunOption& option, std::string& value);

/// What the options that were given say (`values`: as typed, by name, of those that were added).
/// Throws UserError.
RunOptions parse_run_options(const CLI::App& app,
                             const std::map<std::string_view, std::string>& values);

}  // namespace ringsim
