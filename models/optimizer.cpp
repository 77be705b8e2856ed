#include "models/optimizer.hpp"

#include <algorithm>

namespace ringsim {

MomentumSgd::MomentumSgd(std::size_t parameters, double momentum)
    : momentum_(static_cast<float>(momentum)), velocity_(momentum == 0 ? 0 : parameters) {}

void MomentumSgd::update(std::span<const float> mean, std::span<float> update) {
  if (velocity_.empty()) {
    std::copy(mean.begin(), mean.end(), update.begin());
    return;
  }
  for (std::size_t i = 0; i < mean.size(); ++i) {
    velocity_[i] = momentum_ * velocity_[i] + mean[i];
    update[i] = velocity_[i];
  }
}

}  // namespace ringsim
