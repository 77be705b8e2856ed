#pragma once
// Prunes dumped gradients with a scheme, residuals carried from step to step, into a sparse
// gradient trace.
#include "models/schemes/density_check.hpp"
#include "models/schemes/scheme.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ringsim {

struct PruneOptions {
  std::filesystem::path weights;
  std::vector<std::filesystem::path> gradients;  ///< one file per step, in order
  std::filesystem::path output;
  std::string model = "dump";  ///< a name for the trace
  std::string scheme = "iwp";
  SchemeOptions scheme_options;  ///< prune_dump() fills in the ranks
  bool keep_nonfinite = false;   ///< false: a gradient that is NaN or infinite is an error
  bool write_masks = false, write_values = false;
  std::string command;  ///< for the provenance
};

/// One layer over all steps.
struct PrunedLayer {
  std::string name;
  std::uint64_t parameters = 0;
  bool whole = false;     ///< sent whole
  double density = 0;     ///< mean share that was sent
  double mask_bytes = 0;  ///< mean of a broadcaster's mask, in its smallest encoding
};
struct PruneResult {
  std::uint64_t steps = 0;
  Rank ranks = 0;
  std::string engine;
  std::vector<PrunedLayer> layers;
  DensityCheck density;  ///< empty where nothing is steered to a density
  /// Tensors of the weights file that have no gradient (GradientDump::passed_over).
  std::vector<std::string> passed_over;
};

/// Writes the trace; `on_step` is called after each step with the number of steps done. Throws
/// UserError and RunError; then no trace stays behind.
PruneResult prune_dump(const PruneOptions& options,
                       const std::function<void(std::uint64_t done, std::uint64_t steps)>& on_step);

}  // namespace ringsim
