#include "models/optimizer.hpp"

#include "base/registry.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace ringsim {
namespace {

/// velocity = momentum*velocity + mean; the update is the velocity, or what it will be after
/// another step with the same mean (Nesterov).
class MomentumSgd final : public Optimizer {
 public:
  MomentumSgd(std::size_t parameters, double momentum, bool looks_ahead)
      : momentum_(static_cast<float>(momentum)),
        looks_ahead_(looks_ahead),
        velocity_(momentum == 0 ? 0 : parameters) {}

  void update(std::span<const float> mean, std::span<float> update) override {
    if (velocity_.empty()) {
      std::copy(mean.begin(), mean.end(), update.begin());
      return;
    }
    for (std::size_t i = 0; i < mean.size(); ++i) {
      velocity_[i] = momentum_ * velocity_[i] + mean[i];
      update[i] = looks_ahead_ ? mean[i] + momentum_ * velocity_[i] : velocity_[i];
    }
  }

 private:
  float momentum_;
  bool looks_ahead_;
  std::vector<float> velocity_;  ///< empty where momentum is 0
};

/// Algorithm 1 of the paper, with beta1 = momentum, beta2 = 0.999 and epsilon = 1e-8.
class Adam final : public Optimizer {
 public:
  Adam(std::size_t parameters, double momentum)
      : momentum_(momentum), average_(parameters), square_(parameters) {}

  void update(std::span<const float> mean, std::span<float> update) override {
    momentum_power_ *= momentum_;
    decay_power_ *= decay;
    // Averages start at 0, so early ones are too small by these factors.
    const auto correction = static_cast<float>(1 / (1 - momentum_power_)),
               square_correction = static_cast<float>(1 / (1 - decay_power_));
    const auto beta1 = static_cast<float>(momentum_), beta2 = static_cast<float>(decay),
               rest1 = static_cast<float>(1 - momentum_), rest2 = static_cast<float>(1 - decay);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      average_[i] = beta1 * average_[i] + rest1 * mean[i];
      square_[i] = beta2 * square_[i] + rest2 * mean[i] * mean[i];
      update[i] = average_[i] * correction / (std::sqrt(square_[i] * square_correction) + 1e-8F);
    }
  }

 private:
  static constexpr double decay = 0.999;

  double momentum_, momentum_power_ = 1, decay_power_ = 1;
  std::vector<float> average_, square_;  ///< of the means
};

Bytes velocity_bytes(std::size_t parameters, double momentum) {
  return Bytes{momentum == 0 ? 0 : parameters * sizeof(float)};
}

constexpr OptimizerDefinition sgd = {
    .name = "sgd",
    .description = "velocity = momentum*velocity + mean; update = velocity",
    .source = "Polyak (1964); Sutskever et al., ICML 2013, as PyTorch writes it",
    .learning_rate = std::nullopt,
    .momentum = std::nullopt,
    .make = [](std::size_t parameters, double momentum) -> std::unique_ptr<Optimizer> {
      return std::make_unique<MomentumSgd>(parameters, momentum, false);
    },
    .state_bytes = velocity_bytes,
};

constexpr OptimizerDefinition nesterov = {
    .name = "nesterov",
    .description = "velocity = momentum*velocity + mean; update = mean + momentum*velocity",
    .source = "Nesterov (1983); Sutskever et al., ICML 2013, as PyTorch writes it",
    .learning_rate = std::nullopt,
    .momentum = std::nullopt,
    .make = [](std::size_t parameters, double momentum) -> std::unique_ptr<Optimizer> {
      return std::make_unique<MomentumSgd>(parameters, momentum, true);
    },
    .state_bytes = velocity_bytes,
};

constexpr OptimizerDefinition adam = {
    .name = "adam",
    .description = "mean over its root mean square; momentum is beta1, beta2 is 0.999",
    .source = "Kingma & Ba, ICLR 2015 (1412.6980), with the rate that it proposes",
    .learning_rate = 0.001,
    .momentum = 0.9,
    .make = [](std::size_t parameters, double momentum) -> std::unique_ptr<Optimizer> {
      return std::make_unique<Adam>(parameters, momentum);
    },
    .state_bytes = [](std::size_t parameters,
                      double) { return Bytes{2 * parameters * sizeof(float)}; },
};

}  // namespace

std::span<const OptimizerDefinition* const> optimizers() {
  static constexpr std::array<const OptimizerDefinition*, 3> all = {&sgd, &nesterov, &adam};
  return all;
}

const OptimizerDefinition& find_optimizer(std::string_view name) {
  return find_by_name(optimizers(), name, "optimizer", "optimizer");
}

}  // namespace ringsim
