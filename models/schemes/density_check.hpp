#pragma once
// Whether masks that are steered to a density have met it.
#include <cstdint>
#include <optional>
#include <string>

namespace ringsim {

class DensityCheck {
 public:
  /// Takes what the union kept of a pruned layer in a step, and the share that was asked for.
  void add(std::uint64_t parameters, std::uint64_t kept, double asked);
  /// "the masks keep 0.0119 of the layers that are pruned, 0.0119 were asked for"; nothing where
  /// nothing was added.
  std::optional<std::string> reached() const;
  /// Whether it is off by more than a tenth.
  bool is_missed() const;

 private:
  double parameters_ = 0, kept_ = 0, asked_ = 0;
};

}  // namespace ringsim
