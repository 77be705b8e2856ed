#pragma once
// Runs by the options that are given, as a command line gives them.
#include "sim/run/prepare.hpp"
#include "sim/run/run.hpp"

#include <map>
#include <string>

namespace ringsim::test {

/// Options and their values.
using Given = std::map<std::string, std::string, std::less<>>;

/// `given` with what `more` sets in its place or beside it.
inline Given with(Given given, const Given& more) {
  for (const auto& [name, value] : more) given[name] = value;
  return given;
}

/// The options are set in the order of their table.
inline Summary summary_of(const Given& given) {
  RunOptions options;
  for (const auto& option : run_options()) {
    const auto value = given.find(option.name);
    if (value != given.end()) set_run_option(options, option.name, value->second);
  }
  return run_experiment(prepare(options), {}).summary;
}

}  // namespace ringsim::test
