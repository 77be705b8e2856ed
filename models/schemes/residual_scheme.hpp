#pragma once
// What schemes share that send some of the coordinates and keep back the rest in residuals
// (residuals.hpp), at a density that can fall to what was asked for over the first epochs. Each
// adds what a rank does with its gradient, contribute(), and what is sent, exchange_among().
#include "models/schemes/residuals.hpp"
#include "models/schemes/scheme.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/threshold.hpp"

#include <cstdint>
#include <span>

namespace ringsim {

class ResidualScheme : public Scheme {
 public:
  bool has_momentum_correction() const final { return residuals_.momentum_correction(); }
  StepOutcome exchange(std::uint64_t step) final { return exchange_among(step, residuals_.all()); }
  void keep(Rank rank, std::span<const float> gradient) override {
    residuals_.accumulate(rank, gradient);
  }
  double drop(Rank rank) override { return residuals_.drop(rank); }
  Bytes state_bytes() const override { return residuals_.state_bytes(); }

  const Residuals& residuals() const { return residuals_; }

 protected:
  ResidualScheme(const Layers& layers, const SchemeOptions& options, bool momentum_correction)
      : residuals_(layers, options, momentum_correction),
        density_(density_of(options)),
        steps_per_epoch_(options.steps_per_epoch),
        warmup_epochs_(options.get<std::uint64_t>(warmup_option)) {}

  /// The density to aim at in `step`.
  double density_in(std::uint64_t step) const {
    return warmup_density(density_, step / steps_per_epoch_, warmup_epochs_);
  }

  Residuals residuals_;

 private:
  double density_;
  std::uint64_t steps_per_epoch_, warmup_epochs_;
};

}  // namespace ringsim
