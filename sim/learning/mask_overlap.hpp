#pragma once
// How far a network's focus moves: which share of what is sent was sent in the step before too.
#include "models/layers.hpp"
#include "models/prune/engine.hpp"

#include <optional>
#include <span>
#include <vector>

namespace ringsim {

class MaskOverlap {
 public:
  explicit MaskOverlap(const Layers& layers) : layers_(layers) {}

  /// Takes the next step's mask, as in StepOutcome. Per layer: the kept parameters that the step
  /// before kept too, over the kept ones (by chance it would be the density of the step before);
  /// absent where nothing is kept, and in the first step.
  std::vector<std::optional<double>> record(std::span<const prune::MaskWord> mask);

 private:
  const Layers& layers_;
  bool has_last_ = false;
  std::vector<prune::MaskWord> last_;  ///< empty: everything
};

}  // namespace ringsim
