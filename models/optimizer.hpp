#pragma once
// What an optimizer makes of the mean gradient. The caller subtracts learning rate * update from
// the weights, so that schedules are no concern of the optimizer's.
#include "base/units.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace ringsim {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// The update that `mean` (one value per parameter) brings; all of `update` is overwritten. Not
  /// the same memory.
  virtual void update(std::span<const float> mean, std::span<float> update) = 0;
};

/// An optimizer by name.
struct OptimizerDefinition {
  std::string_view name;
  std::string_view description;
  std::string_view source;
  /// What goes best with it, where the user gives none; absent: the scheme's.
  std::optional<double> learning_rate, momentum;
  /// `momentum` from 0 to below 1.
  std::unique_ptr<Optimizer> (*make)(std::size_t parameters, double momentum);
  /// Memory for the momenta of what `make` returns.
  Bytes (*state_bytes)(std::size_t parameters, double momentum);
};

/// All optimizers, in a fixed order.
std::span<const OptimizerDefinition* const> optimizers();
/// The optimizer of this name; throws UserError at "optimizer" (did you mean ...).
const OptimizerDefinition& find_optimizer(std::string_view name);

}  // namespace ringsim
