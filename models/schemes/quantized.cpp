#include "models/schemes/quantized.hpp"

#include "base/error.hpp"
#include "models/prune/encodings/bit_stream.hpp"
#include "models/schemes/gathered.hpp"
#include "models/schemes/scales.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ringsim {
namespace {

float scale_of(Quantization::Scale kind, std::span<const float> block) {
  if (kind == Quantization::Scale::largest_magnitude) {
    float largest = 0;
    for (const float value : block) largest = std::max(largest, std::fabs(value));
    return largest;
  }
  double square = 0;
  for (const float value : block) square += static_cast<double>(value) * value;
  return static_cast<float>(std::sqrt(square));
}

std::size_t block_of(const Quantization& quantization, std::size_t parameters) {
  return std::max<std::size_t>(1, quantization.block.value_or(parameters));
}

/// The level below or above |value|/scale * levels, by chance.
std::uint32_t level_of(float value, float scale, std::uint32_t levels, Random& random) {
  const double exact = std::fabs(static_cast<double>(value)) / scale * levels;
  const std::uint32_t draw = random.next();
  if (!(exact > 0)) return 0;  // a scale of 0, or a NaN
  // The norm is rounded to fp32 and may be below the only value of its block.
  const double limited = std::min(exact, static_cast<double>(levels));
  const double below = std::floor(limited);
  return static_cast<std::uint32_t>(below) + (draw < (limited - below) * 0x1p32 ? 1 : 0);
}

class QuantizedScheme final : public Scheme {
 public:
  QuantizedScheme(const Layers& layers, const SchemeOptions& options,
                  const Quantization& quantization)
      : layers_(layers),
        quantization_(quantization),
        seed_(options.seed),
        first_draw_(options.draw_of(0)),
        ranks_(options.ranks),
        mean_(total_parameters(layers)),
        decoded_(mean_.size()) {}

  bool has_momentum_correction() const override { return false; }

  void contribute(Rank rank, std::uint64_t step, std::span<const float> gradient,
                  std::span<const float>) override {
    check(gradient.size() == mean_.size(), "the gradient has another size than the model");
    auto& state = ranks_[rank];
    Random random(seed_, Purpose::stochastic_rounding, rank, step | first_draw_);
    state.message.clear();
    for (const auto& layer : layers_) {
      auto values = gradient.subspan(layer.offset, layer.parameters);
      if (quantization_.clip_deviations) {
        state.clipped.assign(values.begin(), values.end());
        clip_to_deviations(*quantization_.clip_deviations, state.clipped);
        values = state.clipped;
      }
      encode_layer(quantization_, values, random, state.message);
    }
  }

  StepOutcome exchange(std::uint64_t) override {
    std::fill(mean_.begin(), mean_.end(), 0.0F);
    for (const auto& state : ranks_) {
      std::span<const std::uint8_t> rest = state.message;
      for (const auto& layer : layers_) {
        rest = decode_layer(quantization_, rest,
                            std::span(decoded_).subspan(layer.offset, layer.parameters));
      }
      check(rest.empty(), "a quantized message is longer than its layers");
      for (std::size_t i = 0; i < mean_.size(); ++i) mean_[i] += decoded_[i];
    }
    for (float& value : mean_) value /= static_cast<float>(ranks_.size());
    // decode_layer() found every message as long as these sizes say.
    auto sizes = synthesize_quantized(layers_, static_cast<Rank>(ranks_.size()), quantization_);
    StepOutcome outcome;
    outcome.stages = std::move(sizes.stages);
    outcome.layers = std::move(sizes.layers);
    outcome.mean = mean_;
    return outcome;
  }

  /// Nothing is kept back.
  double drop(Rank rank) override {
    ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
    return 0;
  }

  Bytes state_bytes() const override { return {}; }

 private:
  struct RankState {
    std::vector<std::uint8_t> message;
    std::vector<float> clipped;
  };

  const Layers layers_;
  const Quantization quantization_;
  std::uint64_t seed_, first_draw_;
  std::vector<RankState> ranks_;
  std::vector<float> mean_, decoded_;
};

}  // namespace

unsigned Quantization::bits() const { return static_cast<unsigned>(std::bit_width(2 * levels)); }

std::size_t Quantization::scale_bytes(std::size_t parameters) const {
  const std::size_t size = block_of(*this, parameters);
  return 4 * ((parameters + size - 1) / size);
}

std::size_t Quantization::code_bytes(std::size_t parameters) const {
  return (parameters * bits() + 7) / 8;
}

void encode_layer(const Quantization& quantization, std::span<const float> values, Random& random,
                  std::vector<std::uint8_t>& bytes) {
  const std::size_t size = block_of(quantization, values.size());
  std::vector<float> scales;
  for (std::size_t begin = 0; begin < values.size(); begin += size) {
    scales.push_back(
        scale_of(quantization.scale, values.subspan(begin, std::min(size, values.size() - begin))));
    append_scale(scales.back(), bytes);
  }
  BitWriter writer(bytes);
  const std::uint32_t levels = quantization.levels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint32_t level = level_of(values[i], scales[i / size], levels, random);
    writer.write(values[i] < 0 ? levels - level : levels + level, quantization.bits());
  }
  writer.finish();
}

std::span<const std::uint8_t> decode_layer(const Quantization& quantization,
                                           std::span<const std::uint8_t> bytes,
                                           std::span<float> values) {
  const std::size_t scale_bytes = quantization.scale_bytes(values.size());
  const std::size_t end = scale_bytes + quantization.code_bytes(values.size());
  check(bytes.size() >= end, "a quantized message is shorter than its layers");
  const std::size_t size = block_of(quantization, values.size());
  const unsigned bits = quantization.bits();
  const auto levels = static_cast<float>(quantization.levels);
  BitReader reader(bytes.subspan(scale_bytes, end - scale_bytes));
  float scale = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % size == 0) scale = read_scale(bytes.subspan(i / size * 4));
    const auto code = static_cast<float>(reader.peek() & ((std::uint64_t{1} << bits) - 1));
    reader.skip(bits);
    values[i] = scale * ((code - levels) / levels);
  }
  return bytes.subspan(end);
}

void clip_to_deviations(double deviations, std::span<float> values) {
  if (values.empty()) return;
  double sum = 0, square = 0;
  for (const float value : values) {
    sum += value;
    square += static_cast<double>(value) * value;
  }
  const auto n = static_cast<double>(values.size());
  const double variance = std::max(0.0, square / n - (sum / n) * (sum / n));
  const auto limit = static_cast<float>(deviations * std::sqrt(variance));
  for (float& value : values) value = std::clamp(value, -limit, limit);
}

SyntheticStep synthesize_quantized(const Layers& layers, Rank ranks,
                                   const Quantization& quantization) {
  std::size_t headers = 0, values = 0;
  for (const auto& layer : layers) {
    headers += quantization.scale_bytes(layer.parameters);
    values += quantization.code_bytes(layer.parameters);
  }
  // Encoding reads g twice, for the scales and for the codes; clipping reads it for the deviation,
  // too.
  const std::size_t reads = quantization.clip_deviations ? 12 : 8;
  return gathered_step(layers, ranks, {.values = {values}, .masks = {}, .headers = {headers}},
                       reads);
}

std::unique_ptr<Scheme> make_quantized_scheme(const Layers& layers, const SchemeOptions& options,
                                              const Quantization& quantization) {
  return std::make_unique<QuantizedScheme>(layers, options, quantization);
}

}  // namespace ringsim
