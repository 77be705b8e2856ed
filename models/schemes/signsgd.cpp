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

std::size_t sign_bytes(const Layers& layers) {
  std::size_t bytes = 0;
  for (const auto& layer : layers) bytes += message_bytes(layer) - 4;
  return bytes;
}

constinit const SchemeOption vote_option = {
    {.name = "vote",
     .value = "auto|all-gather|pairwise",
     .meaning = "all signs go to all ranks, or those of a chunk to its owner, which sends the "
                "majority's back; auto: what sends less",
     .limits = OneOf{[] {
       return std::vector<std::string>{"auto", "all-gather", "pairwise"};
     }},
     .default_value = "auto"},
    {}};

/// A rank sends (N-1) times its signs in an all-gather, 2(N-1)/N times in a pairwise exchange: less
/// with more than two ranks.
bool votes_at_owners(const SchemeOptions& options, Rank ranks) {
  const auto vote = options.get<std::string>(vote_option);
  return vote == "pairwise" || (vote == "auto" && ranks > 2);
}

/// The scales are all-gathered, and every rank takes their mean. An owner counts the votes of its
/// chunk and all decode the majority's signs, after the exchange.
std::vector<Stage> pairwise_stages(const Layers& layers, Rank ranks, const Payload& message) {
  const std::size_t parameters = total_parameters(layers);
  const auto work = [&](CostStage stage, Bytes bytes) {
    LocalWork local;
    local.moved.assign(ranks, bytes);
    local.stage = stage;
    // The votes of a chunk are as many as all signs of one rank; then come the majority's signs.
    local.counts = quantized_counts(layers, 2);
    return local;
  };
  const Bytes signs = message.values;
  const Payload scales{.values = {}, .masks = {}, .headers = message.headers};
  return {{"encode", work(CostStage::encode, Bytes{20 * parameters} + message.total())},
          {"scales", AllGather{std::vector<Payload>(ranks, scales)}},
          {"values", AllReduce{signs.count, Bytes{1}, true}},
          // Reads a chunk's votes of all ranks (as much as all signs of one), and writes the
          // majority's; reads all of the majority's signs, and writes the update.
          {"decode", work(CostStage::decode, 2 * signs + Bytes{signs.count / ranks} +
                                                 ranks * message.headers + Bytes{4 * parameters})}};
}

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
  if (votes_at_owners(options, options.ranks))
    step.stages = pairwise_stages(layers, options.ranks, message);
  step.state_per_rank = Bytes{sizeof(float) * total_parameters(layers)};
  return step;
}

}  // namespace

SignsgdScheme::SignsgdScheme(const Layers& layers, const SchemeOptions& options)
    : layers_(layers), options_(options), ranks_(options.ranks), mean_(total_parameters(layers)) {
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

Rank SignsgdScheme::owner_of(std::size_t sign_byte, std::size_t sign_bytes) const {
  // The first sign_bytes mod N chunks have one byte more (chunks of sim/collectives).
  const std::size_t ranks = ranks_.size(), size = sign_bytes / ranks, larger = sign_bytes % ranks;
  const std::size_t in_larger = larger * (size + 1);
  return static_cast<Rank>(sign_byte < in_larger ? sign_byte / (size + 1)
                                                 : larger + (sign_byte - in_larger) / size);
}

void SignsgdScheme::count_votes(std::span<float> votes, std::size_t at, std::size_t signs_before) {
  const auto ranks = static_cast<float>(ranks_.size());
  const bool at_owners = votes_at_owners(options_, options_.ranks);
  const std::size_t all_signs = sign_bytes(layers_);
  const auto sign = [&](Rank rank, std::size_t i) {
    return (ranks_[rank].message[at + 4 + i / 8] >> (i % 8) & 1) != 0 ? -1.0F : 1.0F;
  };
  float scale = 0;
  for (Rank rank = 0; rank < ranks_.size(); ++rank) {
    scale += read_scale(std::span(ranks_[rank].message).subspan(at));
    for (std::size_t i = 0; i < votes.size(); ++i) votes[i] += sign(rank, i);
  }
  scale /= ranks;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    if (votes[i] == 0 && at_owners) votes[i] = sign(owner_of(signs_before + i / 8, all_signs), i);
    votes[i] = votes[i] == 0 ? 0 : std::copysign(scale, votes[i]);
  }
}

StepOutcome SignsgdScheme::exchange(std::uint64_t) {
  std::fill(mean_.begin(), mean_.end(), 0.0F);
  StepOutcome outcome;
  options_.ranks = static_cast<Rank>(ranks_.size());
  std::size_t at = 0, signs = 0;
  for (const auto& layer : layers_) {
    count_votes(std::span(mean_).subspan(layer.offset, layer.parameters), at, signs);
    at += message_bytes(layer);
    signs += message_bytes(layer) - 4;
  }
  for (const auto& state : ranks_)
    check(state.message.size() == at, "a message of signs has another size than its layers");
  auto sizes = synthesize_signsgd(layers_, options_, 0);
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

namespace {
constexpr const SchemeOption* signsgd_options[] = {&vote_option};
}  // namespace

extern const SchemeDefinition signsgd_scheme;
const SchemeDefinition signsgd_scheme = {
    .name = "signsgd",
    .description = "signs alone, of which the majority's come back; error feedback",
    .source = "Bernstein et al., arXiv 1810.05291; Karimireddy et al., arXiv 1901.09847",
    .equation =
        "A = R + G; s = mean of |A| in the layer; update = mean of s * sign(sum of sign(A)); R = A "
        "- "
        "s * sign(A)",
    .defaults = {.learning_rate = 0.266, .momentum = 0},
    .options = signsgd_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<SignsgdScheme>(layers, options);
    },
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_signsgd,
};

}  // namespace ringsim
