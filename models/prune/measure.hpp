#pragma once
// Measures an engine against this machine's memory, in one run.
#include "models/prune/engine_rates.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace ringsim::prune {

struct MeasureOptions {
  std::string engine = "auto";  ///< see make_engine()
  std::size_t threads = 1;      ///< 0: one per core
  std::vector<std::size_t> elements = {1'000'000, 25'600'000, 61'100'000};
  std::vector<double> densities = {1.0 / 1000, 1.0 / 128};
  std::size_t repetitions = 15;
};

/// Medians over the repetitions; within a repetition everything runs once, in turn, so that all
/// share what else the machine does. Takes 20 bytes of memory per element. `progress`, where given,
/// is called before each size with its elements. Throws UserError where the engine is unknown or
/// does not work on host memory, or a size or density is out of range.
EngineRates measure_engine(const MeasureOptions& options,
                           const std::function<void(std::size_t)>& progress = {});

/// residual[i] += gradient[i] + weight[i], as fast as this processor's vectors do it: the yardstick
/// of engine speeds, three reads and one write.
void accumulate_bare(const float* gradient, const float* weight, float* residual,
                     std::size_t elements);

}  // namespace ringsim::prune
