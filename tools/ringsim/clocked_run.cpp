#include "tools/ringsim/clocked_run.hpp"

#include <chrono>

namespace ringsim {

RunResult clocked_run(const RunOptions& options, const RunObserver& observer,
                      const std::string& command) {
  const auto start = std::chrono::steady_clock::now();
  auto result = run(options, observer);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  result.summary.wall_seconds = wall.count();
  result.summary.provenance.command = command;
  return result;
}

}  // namespace ringsim
