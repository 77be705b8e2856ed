#pragma once
// One experiment with several seeds.
#include "tools/ringsim/command.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// The seeds of "1..5", "1,2,7" or "1..3,7"; nothing where `text` is one word without "..": a
/// single seed. Throws UserError at "--seed".
std::optional<std::vector<std::uint64_t>> parse_seeds(std::string_view text);

struct SeededSummary {
  std::uint64_t seed;
  Summary summary;
};

/// Calls run(seed) for each, in a process of its own one after the other (SimGrid allows one run
/// per process). An error ends the program as it would have ended without the others.
std::vector<SeededSummary> run_seeds(const std::vector<std::uint64_t>& seeds,
                                     const std::function<Summary(std::uint64_t seed)>& run);

/// A column per seed; their mean and half the width of its 95 % confidence interval, by Student's t
/// distribution. The verdict is that of the means. `assumed`: assumptions() of the runs.
void print_seeds(const std::vector<SeededSummary>& runs, ResultFormat format,
                 const std::vector<std::string>& assumed);

}  // namespace ringsim
