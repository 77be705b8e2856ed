#pragma once
// Runs that differ in their seed alone, as one.
#include "traces/records/summary.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct MeanOfSeeds {
  double mean, half_width;  ///< of the 95 % confidence interval; 0 for one value
};
/// By Student's t distribution; nothing of no values.
std::optional<MeanOfSeeds> mean_of_seeds(const std::vector<double>& values);

/// The 97.5 % quantile of Student's t distribution, to 0.1 %.
double student_quantile(std::size_t degrees_of_freedom);

/// The first run with the means of what the verdict names. Where the runs differ in what binds,
/// nothing does; no target is left.
Summary mean_summary(const std::vector<const Summary*>& runs);

/// "mean of 3 seeds, +- 0.37 %": of their accuracies, where there are any.
std::string seeds_note(const std::vector<const Summary*>& runs);

}  // namespace ringsim
