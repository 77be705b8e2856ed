#include "tools/ringsim/given_options.hpp"

namespace ringsim {

RunOptions options_of(const std::map<std::string_view, std::string>& given) {
  RunOptions options;
  for (const auto& option : run_options()) {
    const auto value = given.find(option.name);
    if (value != given.end()) set_run_option(options, option.name, value->second);
  }
  check_run_options(options);
  return options;
}

}  // namespace ringsim
