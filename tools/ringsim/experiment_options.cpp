#include "tools/ringsim/experiment_options.hpp"

#include "base/option_names.hpp"
#include "tools/ringsim/given_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ringsim {

void add_run_option(CLI::App& app, const RunOption& option, std::string& value) {
  app.add_option(fmt::format("--{}", option.name), value, with_dashes(help_of(option)))
      ->type_name(std::string(option.value))
      ->group(std::string(option.group));
}

RunOptions parse_run_options(const CLI::App& app,
                             const std::map<std::string_view, std::string>& values) {
  std::map<std::string_view, std::string> given;
  for (const auto& [name, text] : values) {
    if (app.count(fmt::format("--{}", name)) > 0) given.emplace(name, text);
  }
  return options_of(given);
}

}  // namespace ringsim
