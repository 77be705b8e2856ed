#pragma once
// One experiment as the program and the library run it.
#include "sim/run/run.hpp"

#include <string>

namespace ringsim {

/// run(), with how long it took and the command that gives the same in its summary.
RunResult clocked_run(const RunOptions& options, const RunObserver& observer,
                      const std::string& command);

}  // namespace ringsim
