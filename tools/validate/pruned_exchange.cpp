#include "tools/validate/pruned_exchange.hpp"

#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/shared_mask.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <numeric>

namespace ringsim::validate {
namespace {

constexpr Rank broadcasters = 4;  // ringsim's own default

SchemeOptions options_of_one_rank(std::uint64_t seed) {
  SchemeOptions options;
  options.ranks = 1;
  options.seed = seed;
  return options;
}

/// The smallest scale of a layer: the root mean square of its weights.
float floor_of(std::span<const float> weights) {
  double sum = 0;
  for (const float weight : weights) sum += static_cast<double>(weight) * weight;
  const double rms = std::sqrt(sum / static_cast<double>(weights.size()));
  return std::max(static_cast<float>(rms), FLT_MIN);
}

}  // namespace

Bytes perform(const Collective& collective, Rank rank, std::span<std::byte> buffer, Peers& peers) {
  Round round;
  std::vector<Outgoing> sends;
  std::vector<Incoming> receives;
  Bytes sent;
  for (std::uint32_t index = 0; index < collective.rounds(); ++index) {
    collective.round(rank, index, round);
    sends.clear();
    receives.clear();
    for (const auto& message : round.sends) {
      sends.push_back({message.peer, buffer.subspan(message.offset.count, message.bytes.count)});
      sent += message.bytes;
    }
    for (const auto& message : round.receives) {
      receives.push_back(
          {message.peer, buffer.subspan(message.offset.count, message.bytes.count), message.adds});
    }
    peers.exchange(sends, receives);
  }
  return sent;
}

PrunedExchange::PrunedExchange(const Layers& layers, const PrunedSettings& settings)
    : settings_(settings),
      residuals_(layers, options_of_one_rank(settings.seed), false),
      segments_(residuals_.split().segments),
      mask_(residuals_.split().words),
      decoded_(mask_.size()),
      union_(mask_.size()),
      statistics_(segments_.size()),
      mean_(residuals_.split().parameters()) {}

void PrunedExchange::select(std::span<const float> gradient, std::span<const float> weights) {
  residuals_.accumulate_whole_layers(0, gradient);
  for (auto& segment : segments_) {
    segment.threshold = static_cast<float>(settings_.threshold);
    segment.floor = floor_of(weights.subspan(segment.offset, segment.parameters));
  }
  auto& own = residuals_.of(0);
  own.engine->select({gradient, own.residual, own.velocity, weights, mask_}, 0, segments_,
                     statistics_);
}

std::vector<Bytes> PrunedExchange::exchange_lengths(Bytes own, Peers& peers) const {
  std::vector<std::uint64_t> lengths(settings_.ranks);
  lengths[settings_.rank] = own.count;
  const auto gather =
      make_ring_all_gather(std::vector<Bytes>(settings_.ranks, Bytes{sizeof lengths.front()}));
  perform(*gather, settings_.rank, std::as_writable_bytes(std::span(lengths)), peers);
  std::vector<Bytes> parts;
  parts.reserve(lengths.size());
  for (const auto length : lengths) parts.push_back({length});
  return parts;
}

void PrunedExchange::unite(std::span<const Bytes> parts, std::span<const std::byte> encoded) {
  std::ranges::fill(union_, 0);
  std::size_t begin = 0;
  for (const Bytes part : parts) {
    if (part.count == 0) continue;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(encoded.data()) + begin;
    decode_masks({bytes, part.count}, segments_, decoded_);
    prune::unite(union_, decoded_);
    begin += part.count;
  }
}

std::span<const float> PrunedExchange::exchange(std::uint64_t step, std::span<const float> gradient,
                                                std::span<const float> weights, Peers& peers,
                                                Stopwatch& watch, PrunedTimes& times) {
  const Rank rank = settings_.rank, ranks = settings_.ranks;
  select(gradient, weights);
  const auto drawn = draw_broadcasters(settings_.seed, step, ranks, std::min(broadcasters, ranks));
  EncodedMasks own;
  if (std::ranges::binary_search(drawn, rank)) own = encode_masks(mask_, segments_, nullptr);
  times.encode.push_back(watch.lap());

  const auto parts = exchange_lengths({own.bytes.size()}, peers);
  const auto sum = [](Bytes a, Bytes b) { return a + b; };
  const Bytes before = std::accumulate(parts.begin(), parts.begin() + rank, Bytes{}, sum);
  std::vector<std::byte> encoded(std::accumulate(parts.begin(), parts.end(), Bytes{}, sum).count);
  std::ranges::copy(std::as_bytes(std::span(own.bytes)),
                    encoded.begin() + static_cast<std::ptrdiff_t>(before.count));
  sent_ += perform(*make_fastest_all_gather(parts, settings_.hop), rank, encoded, peers);
  watch.lap();

  unite(parts, encoded);
  residuals_.pack(0, union_);
  auto& packed = residuals_.of(0).packed;
  kept_ += packed.size();
  times.between.push_back(watch.lap());

  const auto ring = make_ring_all_reduce(ranks, packed.size(), Bytes{sizeof(float)});
  sent_ += perform(*ring, rank, std::as_writable_bytes(std::span(packed)), peers);
  watch.lap();

  for (float& value : packed) value /= static_cast<float>(ranks);
  std::ranges::fill(mean_, 0.0F);
  const auto& split = residuals_.split();
  const std::size_t pruned = packed.size() - split.whole_parameters;
  residuals_.of(0).engine->unpack(union_, segments_, std::span(packed).first(pruned), mean_);
  auto whole = std::span(packed).subspan(pruned);
  for (const std::size_t index : split.whole) {
    const auto& layer = split.layers[index];
    std::ranges::copy(whole.first(layer.parameters),
                      std::span(mean_).subspan(layer.offset).begin());
    whole = whole.subspan(layer.parameters);
  }
  times.decode.push_back(watch.lap());
  return mean_;
}

}  // namespace ringsim::validate
