#include "models/schemes/residuals.hpp"

#include "base/error.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/set_bits.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_options.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ringsim {

Residuals::Residuals(const Layers& layers, const SchemeOptions& options, bool momentum_correction)
    : split_(layers, options),
      momentum_correction_(momentum_correction),
      factor_masking_(options.get<bool>(factor_masking_option)),
      momentum_(static_cast<float>(options.momentum)),
      values_(value_type_of(options)),
      ranks_(options.ranks),
      mean_(split_.parameters()) {
  for (auto& state : ranks_) {
    state.engine = prune::make_engine(options.get<std::string>(engine_option));
    state.residual.resize(split_.parameters());
    if (momentum_correction_) state.velocity.resize(split_.parameters());
  }
}

void Residuals::accumulate(OfRank& state, std::span<const float> gradient, std::size_t begin,
                           std::size_t count) const {
  for (std::size_t i = begin; i < begin + count; ++i) {
    float added = gradient[i];
    if (momentum_correction_) added = state.velocity[i] = momentum_ * state.velocity[i] + added;
    state.residual[i] += added;
  }
}

void Residuals::accumulate(Rank rank, std::span<const float> gradient) {
  check(gradient.size() == split_.parameters(), "the gradient has another size than the model");
  accumulate(ranks_[rank], gradient, 0, gradient.size());
}

void Residuals::accumulate_whole_layers(Rank rank, std::span<const float> gradient) {
  for (const std::size_t index : split_.whole) {
    const auto& layer = split_.layers[index];
    accumulate(ranks_[rank], gradient, layer.offset, layer.parameters);
  }
}

void Residuals::pack(Rank rank, std::span<const prune::MaskWord> mask) {
  auto& state = ranks_[rank];
  const std::size_t kept = split_.kept(mask);
  state.packed.resize(kept + split_.whole_parameters);
  const std::size_t packed = state.engine->pack(
      mask, split_.segments, state.residual,
      factor_masking_ ? std::span(state.velocity) : std::span<float>(), state.packed);
  check(packed == kept, "packed another number of values than the mask has bits");
  auto next = state.packed.begin() + static_cast<std::ptrdiff_t>(kept);
  for (const std::size_t index : split_.whole) {
    const auto& layer = split_.layers[index];
    const auto values = std::span(state.residual).subspan(layer.offset, layer.parameters);
    next = std::copy(values.begin(), values.end(), next);
    std::fill(values.begin(), values.end(), 0.0F);
  }
  if (values_ == ValueType::fp32) return;
  auto& error = state.rounding_error;
  error = state.packed;
  round_values(values_, state.packed);
  for (std::size_t i = 0; i < error.size(); ++i) error[i] -= state.packed[i];
  state.engine->unpack(mask, split_.segments, std::span(error).first(kept), state.residual);
  unpack_whole_layers(std::span(error).subspan(kept), state.residual);
}

void Residuals::unpack_whole_layers(std::span<const float> values, std::span<float> target) const {
  for (const std::size_t index : split_.whole) {
    const auto& layer = split_.layers[index];
    std::ranges::copy(values.first(layer.parameters), target.subspan(layer.offset).begin());
    values = values.subspan(layer.parameters);
  }
}

std::vector<Rank> Residuals::all() const {
  std::vector<Rank> all(ranks());
  std::iota(all.begin(), all.end(), Rank{0});
  return all;
}

std::span<const float> Residuals::reduce(std::span<const prune::MaskWord> mask) {
  return reduce(mask, all());
}

std::span<const float> Residuals::reduce(std::span<const prune::MaskWord> mask,
                                         std::span<const Rank> present) {
  std::vector<std::span<const float>> packed;
  for (const Rank rank : present) {
    pack(rank, mask);
    packed.emplace_back(ranks_[rank].packed);
  }
  packed_mean_.resize(packed.front().size());
  mean_over_ranks(packed, packed_mean_, values_);
  const std::size_t kept = packed_mean_.size() - split_.whole_parameters;
  std::fill(mean_.begin(), mean_.end(), 0.0F);
  ranks_.front().engine->unpack(mask, split_.segments, std::span(packed_mean_).first(kept), mean_);
  unpack_whole_layers(std::span(packed_mean_).subspan(kept), mean_);
  return mean_;
}

std::span<const float> Residuals::gather(std::span<const std::vector<prune::MaskWord>> masks,
                                         std::span<const Rank> present, bool summed_on_the_way) {
  std::fill(mean_.begin(), mean_.end(), 0.0F);
  std::vector<std::span<const float>> whole;
  for (const Rank rank : present) {
    auto value = ranks_[rank].packed.begin();
    for (const auto& segment : split_.segments) {
      const auto words = std::span(masks[rank])
                             .subspan(segment.mask_offset, prune::mask_words(segment.parameters));
      float* const target = mean_.data() + segment.offset;
      prune::for_each_set_bit(words, [&](std::size_t i) {
        target[i] += *value++;
        if (summed_on_the_way) round_values(values_, {target + i, 1});
      });
    }
    whole.push_back(std::span<const float>(ranks_[rank].packed).last(split_.whole_parameters));
  }
  for (float& value : mean_) value /= static_cast<float>(present.size());
  packed_mean_.resize(split_.whole_parameters);
  mean_over_ranks(whole, packed_mean_, values_);
  unpack_whole_layers(packed_mean_, mean_);
  return mean_;
}

double Residuals::drop(Rank rank) {
  const double lost = sum_of_magnitudes(ranks_[rank].residual);
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  return lost;
}

Bytes Residuals::state_bytes() const {
  return ranks_.size() * residual_bytes(split_, momentum_correction_);
}

}  // namespace ringsim
