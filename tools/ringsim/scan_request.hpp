#pragma once
// What scan, breakeven and optimize take: options of sim/run/run_options.hpp with lists and ranges.
#include "sim/scan/points.hpp"

#include <map>
#include <string>
#include <string_view>

// Declared, not included: compiling any source that includes CLI11 takes 4 s.
namespace CLI {
class App;
}

namespace ringsim {

struct ListedOptions {
  std::map<std::string_view, std::string> values;  ///< of run_options(), as typed
  std::string file;                                ///< of --scan-file
};

/// Adds all run_options() and --scan-file.
void add_listed_options(CLI::App& app, ListedOptions& options);

/// The scan file, with the command line's options in the place of its own. Throws UserError.
ScanRequest parse_listed_options(const CLI::App& app, const ListedOptions& options);

}  // namespace ringsim
