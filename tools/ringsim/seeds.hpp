#pragma once
// One experiment with several seeds.
#include "tools/ringsim/command.hpp"
#include "traces/records.hpp"

#include <cstdint>
#include <filesystem>
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

/// The folder of a seed's run.
std::filesystem::path seed_folder(const std::filesystem::path& output, std::uint64_t seed);

/// The runs that `command` left whole in `output` when it was ended before its last seed. Nothing
/// where the run of every seed is there: a whole result.
std::vector<SeededSummary> runs_left(const std::vector<std::uint64_t>& seeds,
                                     const std::filesystem::path& output,
                                     const std::string& command);

/// Calls run(seed) for each that is not `there`, in a process of its own one after the other
/// (SimGrid allows one run per process). An error ends the program as it would have ended without
/// the others.
std::vector<SeededSummary> run_seeds(const std::vector<std::uint64_t>& seeds,
                                     const std::vector<SeededSummary>& there,
                                     const std::function<Summary(std::uint64_t seed)>& run);

/// Throws UserError where a run that was `there` had read other files than those made since.
void check_same_inputs(const std::vector<SeededSummary>& there,
                       const std::vector<SeededSummary>& runs, const std::filesystem::path& output);

/// A column per seed; their mean and half the width of its 95 % confidence interval, by Student's t
/// distribution. The verdict is that of the means. `assumed`: assumptions() of the runs.
void print_seeds(const std::vector<SeededSummary>& runs, ResultFormat format,
                 const std::vector<std::string>& assumed);

}  // namespace ringsim
