#pragma once
// What a result rests on that nobody has said.
#include "sim/run/run_options.hpp"

#include <string>
#include <vector>

namespace ringsim {

/// The defaults that decide how long a run takes or what it learns, for people, in the order of the
/// options: "ring", "V100, fp32, 9TFLOPS". Those that this run does not feel are left out, and so
/// is what a topology's file says. Where what the options name is no longer there, what depends on
/// it is left out too.
std::vector<std::string> assumptions(const RunOptions& options);

}  // namespace ringsim
