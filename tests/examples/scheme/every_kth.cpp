// Every k-th coordinate: in step t all ranks send the coordinates i with (i + t) mod K = 0 of what
// they have accumulated. No index travels, and every coordinate has its turn within K steps.
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_mask.hpp"
#include "models/schemes/shared_options.hpp"

#include <cstddef>

namespace ringsim {
namespace {

constinit const SchemeOption every_option = {{.name = "every",
                                              .value = "K",
                                              .meaning = "a coordinate is sent every K steps",
                                              .limits = WholeNumber{1, 1 << 20},
                                              .default_value = "8"},
                                             {}};

/// The first coordinate that step `step` sends.
std::size_t first_sent(std::uint64_t step, std::uint64_t every) {
  return (every - step % every) % every;
}

/// What a step sends does not depend on the gradients.
SyntheticStep synthesize_every_kth(const Layers& layers, const SchemeOptions& options,
                                   std::uint64_t step) {
  const auto every = options.get<std::uint64_t>(every_option);
  SyntheticStep sizes;
  std::size_t sent = 0, begin = 0;
  for (const auto& layer : layers) {
    LayerOutcome outcome;
    for (std::size_t i = begin; i < begin + layer.parameters; ++i)
      outcome.kept += (i + step) % every == 0 ? 1 : 0;
    begin += layer.parameters;
    sent += outcome.kept;
    sizes.layers.push_back(outcome);
  }
  sizes.stages = {{"accumulate", accumulate_work(options.ranks, begin, false)},
                  {"values", AllReduce{sent, bytes_of(ValueType::fp32)}}};
  sizes.state_per_rank = Bytes{sizeof(float) * begin};
  return sizes;
}

class EveryKthScheme final : public Scheme {
 public:
  EveryKthScheme(const Layers& layers, const SchemeOptions& options)
      : layers_(layers),
        options_(options),
        every_(options.get<std::uint64_t>(every_option)),
        residuals_(options.ranks, std::vector<float>(total_parameters(layers))),
        sent_(residuals_),
        mean_(total_parameters(layers)) {}

  bool has_momentum_correction() const override { return false; }

  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float>) override {
    keep(rank, gradient);
    auto& residual = residuals_[rank];
    auto& sent = sent_[rank];
    sent.assign(residual.size(), 0.0F);
    for (std::size_t i = first_sent(step, every_); i < residual.size(); i += every_)
      std::swap(sent[i], residual[i]);
  }

  StepOutcome exchange(std::uint64_t step) override {
    mean_over_ranks(sent_, mean_);
    auto sizes = synthesize_every_kth(layers_, options_, step);
    mark(step);
    StepOutcome outcome;
    outcome.stages = std::move(sizes.stages);
    outcome.mean = mean_;
    outcome.mask = mask_;
    outcome.layers = std::move(sizes.layers);
    return outcome;
  }

  void keep(Rank rank, std::span<const float> gradient) override {
    auto& residual = residuals_[rank];
    for (std::size_t i = 0; i < residual.size(); ++i) residual[i] += gradient[i];
  }

  double drop(Rank rank) override {
    const double lost = sum_of_magnitudes(residuals_[rank]);
    residuals_.erase(residuals_.begin() + static_cast<std::ptrdiff_t>(rank));
    sent_.erase(sent_.begin() + static_cast<std::ptrdiff_t>(rank));
    --options_.ranks;
    return lost;
  }

  Bytes state_bytes() const override {
    return residuals_.size() * Bytes{sizeof(float) * mean_.size()};
  }

 private:
  /// Sets the bits of what the step sends; each layer has whole words.
  void mark(std::uint64_t step) {
    mask_.clear();
    for (const auto& layer : layers_) {
      const std::size_t begin = mask_.size();
      mask_.resize(begin + prune::mask_words(layer.parameters));
      for (std::size_t i = 0; i < layer.parameters; ++i) {
        if ((layer.offset + i + step) % every_ == 0)
          mask_[begin + i / 64] |= prune::MaskWord{1} << (i % 64);
      }
    }
  }

  const Layers layers_;
  SchemeOptions options_;
  std::uint64_t every_;
  std::vector<std::vector<float>> residuals_, sent_;  ///< one per rank
  std::vector<float> mean_;
  std::vector<prune::MaskWord> mask_;
};

constexpr const SchemeOption* every_kth_options[] = {&every_option};

}  // namespace

extern const SchemeDefinition every_kth_scheme;
const SchemeDefinition every_kth_scheme = {
    .name = "every-kth",
    .description = "every k-th coordinate in turn, with error feedback",
    .source = "an example",
    .equation =
        "R += G; M = the coordinates i with (i + t) mod K = 0; update = mean of M*R; R -= M*R",
    .defaults = {.learning_rate = 0.1, .momentum = 0},
    .options = every_kth_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<EveryKthScheme>(layers, options);
    },
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_every_kth,
};

}  // namespace ringsim
