#include "models/schemes/density_check.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ringsim {

void DensityCheck::add(std::uint64_t parameters, std::uint64_t kept, double asked) {
  parameters_ += static_cast<double>(parameters);
  kept_ += static_cast<double>(kept);
  asked_ += asked * static_cast<double>(parameters);
}

std::optional<std::string> DensityCheck::reached() const {
  if (parameters_ == 0) return std::nullopt;
  return fmt::format("the masks keep {:.3g} of the layers that are pruned, {:.3g} was asked for",
                     kept_ / parameters_, asked_ / parameters_);
}

bool DensityCheck::is_missed() const { return std::abs(kept_ - asked_) > 0.1 * asked_; }

}  // namespace ringsim
