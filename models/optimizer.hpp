#pragma once
#include <span>
#include <vector>

namespace ringsim {

/// Stochastic gradient descent with momentum (Polyak; Sutskever et al., ICML 2013, as PyTorch
/// writes it): velocity = momentum*velocity + mean, w -= learning rate * velocity.
class MomentumSgd {
 public:
  MomentumSgd(std::size_t parameters, double momentum);

  /// The update that `mean` (one value per parameter) brings; the caller subtracts learning rate *
  /// update.
  void update(std::span<const float> mean, std::span<float> update);

 private:
  float momentum_;
  std::vector<float> velocity_;  ///< empty where momentum is 0
};

}  // namespace ringsim
