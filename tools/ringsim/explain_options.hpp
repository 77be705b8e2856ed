#pragma once
// What `ringsim explain`, the completion and docs/options.md say of options and schemes.
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Of run_options().
std::vector<std::string> option_names();
/// Lines with their newlines; empty where there is no option of this name (with or without "--").
std::string explain_option(std::string_view name);

std::vector<std::string> scheme_names();
/// With its equation and source; empty where there is no scheme of this name.
std::string explain_scheme(std::string_view name);

/// docs/options.md.
std::string options_document();

}  // namespace ringsim
