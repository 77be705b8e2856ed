#include "tools/ringsim/seed_means.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace ringsim {
namespace {

/// Nothing where one of them has none.
std::optional<double> mean_of(const std::vector<const Summary*>& runs,
                              const std::function<std::optional<double>(const Summary&)>& value) {
  double sum = 0;
  for (const auto* run : runs) {
    const auto found = value(*run);
    if (!found) return std::nullopt;
    sum += *found;
  }
  return sum / static_cast<double>(runs.size());
}

/// The means of both bandwidths, where all runs have the same ones; else nothing is known of them
/// all.
EqualAtBandwidth mean_bandwidths(const std::vector<const Summary*>& runs) {
  EqualAtBandwidth mean = runs.front()->equal_at_bandwidth;
  for (auto rival : {&EqualAtBandwidth::dense_fp32, &EqualAtBandwidth::dense_bf16}) {
    const auto has = [&](const Summary* run) {
      return (run->equal_at_bandwidth.*rival).has_value() == (mean.*rival).has_value();
    };
    if (!std::ranges::all_of(runs, has)) return {};
    mean.*rival = mean_of(runs, [&](const Summary& s) { return s.equal_at_bandwidth.*rival; });
  }
  return mean;
}

}  // namespace

std::optional<MeanOfSeeds> mean_of_seeds(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  if (values.size() < 2) return MeanOfSeeds{mean, 0};
  const double deviation = std::sqrt(squares / (count - 1));
  return MeanOfSeeds{mean, student_quantile(values.size() - 1) * deviation / std::sqrt(count)};
}

double student_quantile(std::size_t degrees_of_freedom) {
  constexpr std::array<double, 10> table = {12.706, 4.303, 3.182, 2.776, 2.571,
                                            2.447,  2.365, 2.306, 2.262, 2.228};
  if (degrees_of_freedom <= table.size()) return table[degrees_of_freedom - 1];
  // The expansion about the normal quantile z: z + (z^3+z)/4v + (5z^5+16z^3+3z)/96v^2.
  constexpr double z = 1.959964;
  const auto v = static_cast<double>(degrees_of_freedom);
  return z + (std::pow(z, 3) + z) / (4 * v) +
         (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / (96 * v * v);
}

Summary mean_summary(const std::vector<const Summary*>& runs) {
  Summary mean = *runs.front();
  for (auto part : {&SecondsPerStep::compute, &SecondsPerStep::compress, &SecondsPerStep::exchange,
                    &SecondsPerStep::exposed_exchange, &SecondsPerStep::total}) {
    mean.seconds_per_step.*part =
        *mean_of(runs, [&](const Summary& s) { return std::optional(s.seconds_per_step.*part); });
  }
  mean.headroom_seconds = {
      mean_of(runs, [](const Summary& s) { return s.headroom_seconds.dense_fp32; }),
      mean_of(runs, [](const Summary& s) { return s.headroom_seconds.dense_bf16; })};
  mean.equal_at_bandwidth = mean_bandwidths(runs);
  mean.accuracy = mean_of(runs, [](const Summary& s) { return s.accuracy; });
  const auto is_alike = [&](const Summary* run) {
    const auto& own = run->bottleneck;
    return own && own->kind == mean.bottleneck->kind && own->name == mean.bottleneck->name;
  };
  if (mean.bottleneck && std::ranges::all_of(runs, is_alike)) {
    mean.bottleneck->share =
        *mean_of(runs, [](const Summary& s) { return std::optional(s.bottleneck->share); });
  } else {
    mean.bottleneck.reset();
  }
  mean.target.reset();
  return mean;
}

std::string seeds_note(const std::vector<const Summary*>& runs) {
  std::vector<double> accuracies;
  for (const auto* run : runs) {
    if (run->accuracy) accuracies.push_back(*run->accuracy);
  }
  auto note = fmt::format("mean of {} seeds", runs.size());
  if (const auto found = mean_of_seeds(accuracies))
    note += fmt::format(", +- {:.2f} %", found->half_width * 100);
  return note;
}

}  // namespace ringsim
