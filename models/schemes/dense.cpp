// Dense: every gradient is sent whole, as fp32, fp16 or bf16, and all-reduced; the rival that every
// other scheme has to beat. Gradients that the backward pass leaves in that type are not cast.
#include "base/error.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/scheme.hpp"
#include "models/schemes/shared_options.hpp"
#include "models/schemes/value_type.hpp"

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

/// Reading fp32 and writing the type that travels, or the other way round.
LocalWork conversion(const Layers& layers, Rank ranks, ValueType type, CostStage stage) {
  const std::size_t elements = total_parameters(layers);
  LocalWork work;
  work.moved.assign(ranks, elements * (Bytes{sizeof(float)} + bytes_of(type)));
  work.stage = stage;
  work.counts = {.calls = 1,
                 .tensors = static_cast<double>(layers.size()),
                 .elements = static_cast<double>(elements)};
  return work;
}

/// The same in every step, whatever the values.
SyntheticStep synthesize_dense(const Layers& layers, const SchemeOptions& options, std::uint64_t) {
  const auto values = value_type_of(options);
  const std::size_t elements = total_parameters(layers);
  const Stage exchange = {"values", AllReduce{elements, bytes_of(values)}};
  SyntheticStep step;
  if (values == gradient_type_of(options)) {
    step.stages = {exchange};
  } else {
    const auto convert = [&](CostStage stage) {
      return conversion(layers, options.ranks, values, stage);
    };
    step.stages = {
        {"encode", convert(CostStage::encode)}, exchange, {"decode", convert(CostStage::decode)}};
  }
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
      : layers_(layers),
        options_(options),
        values_(value_type_of(options)),
        gradients_(options.ranks),
        rounded_(options.ranks),
        mean_(total_parameters(layers)) {}

  bool has_momentum_correction() const override { return false; }

  bool is_exact() const override { return values_ == ValueType::fp32; }

  void contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                  std::span<const float>) override {
    check(gradient.size() == mean_.size(), "dense: the gradient has another size than the model");
    gradients_[rank] = gradient;
    if (values_ == ValueType::fp32) return;
    rounded_[rank].assign(gradient.begin(), gradient.end());
    round_values(values_, rounded_[rank]);
    gradients_[rank] = rounded_[rank];
  }

  void contribute_mean(std::span<const float> mean) override {
    check(is_exact() && mean.size() == mean_.size(),
          "dense: not the mean of fp32 gradients of the model");
    contributed_mean_ = mean;
  }

  StepOutcome exchange(std::uint64_t) override { return exchange_of(gradients_); }

  StepOutcome exchange_among(std::uint64_t, std::span<const Rank> present) override {
    std::vector<std::span<const float>> gradients;
    gradients.reserve(present.size());
    for (const Rank rank : present) gradients.push_back(gradients_[rank]);
    return exchange_of(gradients);
  }

  StepOutcome exchange_of(const std::vector<std::span<const float>>& gradients) {
    if (contributed_mean_.empty()) mean_over_ranks(gradients, mean_, values_);
    auto sizes = synthesize_dense(layers_, options_, 0);
    StepOutcome outcome;
    outcome.stages = std::move(sizes.stages);
    outcome.mean = contributed_mean_.empty() ? mean_ : std::exchange(contributed_mean_, {});
    outcome.layers = std::move(sizes.layers);
    return outcome;
  }

  /// Nothing is kept back.
  double drop(Rank rank) override {
    gradients_.erase(gradients_.begin() + static_cast<std::ptrdiff_t>(rank));
    rounded_.erase(rounded_.begin() + static_cast<std::ptrdiff_t>(rank));
    --options_.ranks;
    return 0;
  }

  Bytes state_bytes() const override { return {}; }

 private:
  const Layers layers_;
  SchemeOptions options_;
  ValueType values_;
  std::vector<std::span<const float>> gradients_;
  std::vector<std::vector<float>> rounded_;  ///< the gradients as they travel, where not as fp32
  std::vector<float> mean_;
  std::span<const float> contributed_mean_;
};

constexpr const SchemeOption* dense_options[] = {&values_option, &gradients_option};

}  // namespace

extern const SchemeDefinition dense_scheme;
const SchemeDefinition dense_scheme = {
    .name = "dense",
    .description = "every gradient whole, all-reduced",
    .source = "textbook",
    .equation = "update = mean over ranks of G",
    .defaults = {.learning_rate = 0.08, .momentum = 0.9},
    .options = dense_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<DenseScheme>(layers, options);
    },
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_dense,
    .takes_quorum = true,
};

}  // namespace ringsim
