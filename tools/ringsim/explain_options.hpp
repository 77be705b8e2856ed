#pragma once
// What `ringsim explain`, the completion and docs/options.md say of options and schemes.
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// The names of all run_options().
std::vector<std::string> option_names();
/// What the option means, in lines; empty where there is no option of this name (with or without
/// "--").
std::string explain_option(std::string_view name);

std::vector<std::string> scheme_names();
/// What the scheme does, with its equation and source; empty where there is no scheme of this name.
std::string explain_scheme(std::string_view name);

/// The text of docs/options.md.
std::string options_document();

}  // namespace ringsim
