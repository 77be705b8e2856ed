#pragma once
// The options of an experiment as they were given: by name, with their texts.
#include "sim/run/run_options.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ringsim {

/// Sets what is given, each of run_options(), in the order of the table, and checks that it goes
/// together. Throws UserError.
RunOptions options_of(const std::map<std::string_view, std::string>& given);

}  // namespace ringsim
