#include "tools/ringsim/experiment_options.hpp"

#include "base/option_names.hpp"

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
  RunOptions options;
  for (const auto& option : run_options()) {
    const auto value = values.find(option.name);
    if (value != values.end() && app.count(fmt::format("--{}", option.name)) > 0)
      set_run_option(options, option.name, value->second);
  }
  check_run_options(options);
  return options;
}

}  // namespace ringsim
