#include "models/schemes/signsgd.hpp"

#include "base/error.hpp"
#include "models/schemes/gathered.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/scales.hpp"
#include "models/schemes/shared_options.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

/// Appends the scale and the signs of the values, and takes what they say off the values.
void send_signs(std::span<float> values, std::vector<std::uint8_t>& bytes) {
  const double count = std::max<double>(1, static_cast<double>(values.size()));
  const auto scale = static_cast<float>(sum_of_magnitudes(values) / count);
  append_scale(scale, bytes);
  for (std::size_t begin = 0; begin < values.size(); begin += 8) {
    unsigned byte = 0;
    for (std::size_t i = begin; i < std::min(begin + 8, values.size()); ++i) {
      const bool minus = values[i] < 0;
      byte |= static_cast<unsigned>(minus) << (i - begin);
      values[i] -= minus ? -scale : scale;
    }
    bytes.push_back(static_cast<std::uint8_t>(byte));
  }
}

std::size_t message_bytes(const Layer& layer) { return 4 + (layer.parameters + 7) / 8; }

/// The same in every step, whatever the values.
SyntheticStep synthesize_signsgd(const Layers& layers, const SchemeOptions& options,
                                 std::uint64_t) {
  Payload message;
  for (const auto& layer : layers) {
    message.headers += Bytes{4};
    message.values += Bytes{message_bytes(layer) - 4};
  }
  // Encoding reads g and e and writes e for the scales, and reads and writes e again for the signs.
  auto step = gathered_step(layers, options.ranks, message, 20);
  step.state_per_rank = Bytes{sizeof(float) * total_parameters(layers)};
  return step;
}

}  // namespace

SignsgdScheme::SignsgdScheme(const Layers& layers, const SchemeOptions& options)
    : layers_(layers), ranks_(options.ranks), mean_(total_parameters(layers)) {
  for (auto& state : ranks_) state.error.resize(mean_.size());
}

void SignsgdScheme::contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                               std::span<const float>) {
  check(gradient.size() == mean_.size(), "the gradient has another size than the model");
  auto& state = ranks_[rank];
  state.message.clear();
  for (std::size_t i = 0; i < gradient.size(); ++i) state.error[i] += gradient[i];
  for (const auto& layer : layers_)
    send_signs(std::span(state.error).subspan(layer.offset, layer.parameters), state.message);
}

StepOutcome SignsgdScheme::exchange(std::uint64_t) {
  std::fill(mean_.begin(), mean_.end(), 0.0F);
  StepOutcome outcome;
  const auto ranks = static_cast<float>(ranks_.size());
  std::size_t at = 0;
  for (const auto& layer : layers_) {
    const auto votes = std::span(mean_).subspan(layer.offset, layer.parameters);
    float scale = 0;
    for (const auto& state : ranks_) {
      const auto message = std::span(state.message).subspan(at);
      scale += read_scale(message);
      const auto signs = message.subspan(4);
      for (std::size_t i = 0; i < votes.size(); ++i)
        votes[i] += (signs[i / 8] >> (i % 8) & 1) != 0 ? -1.0F : 1.0F;
    }
    scale /= ranks;
    for (float& vote : votes) vote = vote == 0 ? 0 : std::copysign(scale, vote);
    at += message_bytes(layer);
  }
  for (const auto& state : ranks_)
    check(state.message.size() == at, "a message of signs has another size than its layers");
  SchemeOptions options;
  options.ranks = static_cast<Rank>(ranks_.size());
  auto sizes = synthesize_signsgd(layers_, options, 0);
  outcome.stages = std::move(sizes.stages);
  outcome.layers = std::move(sizes.layers);
  outcome.mean = mean_;
  return outcome;
}

double SignsgdScheme::drop(Rank rank) {
  // The scales tell the magnitudes before the message was taken off: scale * parameters a layer.
  double lost = 0;
  std::size_t at = 0;
  for (const auto& layer : layers_) {
    lost += static_cast<double>(read_scale(std::span(ranks_[rank].message).subspan(at))) *
            static_cast<double>(layer.parameters);
    at += message_bytes(layer);
  }
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  return lost;
}

Bytes SignsgdScheme::state_bytes() const {
  return ranks_.size() * Bytes{sizeof(float) * mean_.size()};
}

extern const SchemeDefinition signsgd_scheme;
const SchemeDefinition signsgd_scheme = {
    .name = "signsgd",
    .description = "signs alone, all-gathered; the majority decides; error feedback",
    .source = "Bernstein et al., arXiv 1810.05291; Karimireddy et al., arXiv 1901.09847",
    .equation = "A = R + G; S = mean of |A| in the layer * sign(A); update = mean of S; R = A - S",
    .defaults = {.learning_rate = 0.266, .momentum = 0},
    .options = {},
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<SignsgdScheme>(layers, options);
    },
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_signsgd,
};

}  // namespace ringsim
