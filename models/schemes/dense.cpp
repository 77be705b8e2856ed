// Dense fp32: every gradient is sent whole and all-reduced; the rival that every other scheme has
// to beat.
#include "base/error.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/scheme.hpp"

#include <algorithm>

namespace ringsim {
namespace {

/// The same in every step, whatever the values.
SyntheticStep synthesize_dense(const Layers& layers, const SchemeOptions&, std::uint64_t) {
  SyntheticStep step;
  step.stages = {{"values", AllReduce{total_parameters(layers), Bytes{sizeof(float)}}}};
  for (const auto& layer : layers) {
    step.layers.push_back({.threshold = std::nullopt,
                           .kept = layer.parameters,
                           .importance_mean = std::nullopt,
                           .importance_stddev = std::nullopt});
  }
  return step;
}

class DenseScheme final : public Scheme {
 public:
  DenseScheme(const Layers& layers, const SchemeOptions& options)
      : layers_(layers), gradients_(options.ranks), mean_(total_parameters(layers)) {}

  bool has_momentum_correction() const override { return false; }

  void contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                  std::span<const float>) override {
    check(gradient.size() == mean_.size(), "dense: the gradient has another size than the model");
    gradients_[rank] = gradient;
  }

  StepOutcome exchange(std::uint64_t) override {
    mean_over_ranks(gradients_, mean_);
    auto sizes = synthesize_dense(layers_, {}, 0);
    StepOutcome outcome;
    outcome.stages = std::move(sizes.stages);
    outcome.mean = mean_;
    outcome.layers = std::move(sizes.layers);
    return outcome;
  }

  /// Nothing is kept back.
  double drop(Rank rank) override {
    gradients_.erase(gradients_.begin() + static_cast<std::ptrdiff_t>(rank));
    return 0;
  }

  Bytes state_bytes() const override { return {}; }

 private:
  const Layers layers_;
  std::vector<std::span<const float>> gradients_;
  std::vector<float> mean_;
};

}  // namespace

extern const SchemeDefinition dense_scheme;
const SchemeDefinition dense_scheme = {
    .name = "dense",
    .description = "every gradient whole, fp32, all-reduced",
    .source = "textbook",
    .defaults = {.learning_rate = 0.05, .momentum = 0.9},
    .options = {},
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<DenseScheme>(layers, options);
    },
    .warmup_steps = [](const SchemeOptions&) -> std::uint64_t { return 0; },
    .synthesize = synthesize_dense,
};

}  // namespace ringsim
