#include "models/schemes/union_model.hpp"

#include "base/random.hpp"
#include "models/schemes/normal_shares.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace ringsim {
namespace {

/// Rows are told apart by the quantile of x that they lie in, of so many.
constexpr std::uint32_t quantiles = 64;

/// The normal number below which the share `below` lies, by bisection.
double normal_quantile(double below) {
  double low = -8, high = 8;
  for (int round = 0; round < 60; ++round) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < below ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// 1 - (1 - p)^h over all p, `active` times, for h = 1, 2, ...
std::vector<double> united(const std::array<double, NormalNodes::count>& each, double active,
                           std::uint32_t masks) {
  auto missed = normal_nodes().weight;  // by all masks so far
  std::vector<double> shares;
  shares.reserve(masks);
  for (std::uint32_t mask = 0; mask < masks; ++mask) {
    double kept = 1;
    for (std::size_t i = 0; i < each.size(); ++i) {
      missed[i] *= 1 - each[i];
      kept -= missed[i];
    }
    shares.push_back(active * std::clamp(kept, 0.0, 1.0));
  }
  return shares;
}

std::size_t rows_of(const UnitedLayer& layer) {
  if (layer.rows > 1) return layer.rows;
  return std::max<std::size_t>(
      1, static_cast<std::size_t>(std::sqrt(static_cast<double>(layer.parameters))));
}

/// The curve of rows that are not active, after those of the quantiles of both kinds of layers.
constexpr std::uint32_t inactive = 2 * quantiles;

/// The curve of each row of a layer.
std::vector<std::uint32_t> draw_rows(const UnitedLayer& layer, Random random) {
  const auto& model = union_model_of(layer);
  const double share = static_cast<double>(layer.kept) / static_cast<double>(layer.parameters);
  const std::size_t rows = rows_of(layer);
  const auto active = static_cast<std::size_t>(
      std::llround(static_cast<double>(rows) * std::sqrt(std::max(model.active, share))));
  const std::uint32_t first = layer.reads_samples ? quantiles : 0;
  std::vector<std::uint32_t> drawn(rows, inactive);
  for (std::size_t i = 0; i < active; ++i)
    drawn[i] = first + static_cast<std::uint32_t>((2 * i + 1) * quantiles / (2 * active));
  for (std::size_t i = 0; i < rows; ++i) std::swap(drawn[i], drawn[i + random.below(rows - i)]);
  return drawn;
}

/// Adds parts of one row after another to chunks of equal length.
class ChunkFiller {
 public:
  ChunkFiller(std::size_t elements, std::uint32_t chunks, std::size_t curves)
      : length_(static_cast<double>(elements) / chunks), chunks_(chunks), elements_(curves) {}

  /// The next `length` elements, `kept` of which count for one each.
  void add(double length, std::uint32_t curve, double kept) {
    while (length > 0 && filled_.size() < chunks_) {
      const double now = std::min(length, length_ - used_);
      elements_[curve] += now * kept;
      length -= now;
      used_ += now;
      // The last chunk is closed by finish(): sums of lengths are rounded.
      if (used_ >= length_ * (1 - 1e-12) && filled_.size() + 1 < chunks_) close();
      if (now <= 0) break;
    }
  }
  std::vector<std::vector<ChunkParts::Part>> finish() {
    while (filled_.size() < chunks_) close();
    return std::move(filled_);
  }

 private:
  void close() {
    auto& parts = filled_.emplace_back();
    for (std::uint32_t curve = 0; curve < elements_.size(); ++curve) {
      if (elements_[curve] > 0) parts.push_back({curve, elements_[curve]});
      elements_[curve] = 0;
    }
    used_ = 0;
  }

  double length_, used_ = 0;
  std::size_t chunks_;
  std::vector<double> elements_;  ///< of the chunk that is being filled, by curve
  std::vector<std::vector<ChunkParts::Part>> filled_;
};

/// The mean share that layers of this kind keep.
double share_of_kind(std::span<const UnitedLayer> layers, bool reads_samples) {
  double kept = 0, all = 0;
  for (const auto& layer : layers) {
    if (layer.reads_samples != reads_samples) continue;
    kept += static_cast<double>(layer.kept);
    all += static_cast<double>(layer.parameters);
  }
  return all > 0 ? kept / all : 0;
}

}  // namespace

const UnionModel& union_model_of(const UnitedLayer& layer) {
  return layer.reads_samples ? fitted_unions_of_samples : fitted_unions;
}

std::vector<double> shares_of_unions(const UnionModel& model, double share, std::uint32_t masks) {
  const double active = std::max(model.active, share);
  return united(normal_shares(model.sigma, active > 0 ? share / active : 0), active, masks);
}

std::vector<double> shares_of_row_unions(const UnionModel& model, double share, double row,
                                         std::uint32_t masks) {
  const double active = std::max(model.active, share);
  const double factor = factor_of_shares(model.sigma, active > 0 ? share / active : 0);
  const double of_row = std::exp(model.sigma * std::sqrt(model.of_rows) * row);
  return united(shares_with_factor(factor * of_row, model.sigma * std::sqrt(1 - model.of_rows)),
                std::sqrt(active), masks);
}

ChunkParts draw_chunk_parts(std::span<const UnitedLayer> layers, std::uint32_t chunks,
                            std::uint64_t seed, std::uint64_t draw) {
  const std::array share = {share_of_kind(layers, false), share_of_kind(layers, true)};
  ChunkParts parts;
  for (const bool reads_samples : {false, true}) {
    const auto& model = reads_samples ? fitted_unions_of_samples : fitted_unions;
    for (std::uint32_t i = 0; i < quantiles; ++i) {
      const double row = normal_quantile((i + 0.5) / quantiles);
      parts.curves.push_back(
          shares_of_row_unions(model, share[reads_samples ? 1 : 0], row, chunks));
    }
  }
  parts.curves.emplace_back(chunks);  // of rows that are not active
  const auto elements =
      std::accumulate(layers.begin(), layers.end(), std::size_t{0},
                      [](std::size_t sum, const auto& layer) { return sum + layer.parameters; });
  ChunkFiller filler(elements, chunks, parts.curves.size());
  for (std::size_t index = 0; index < layers.size(); ++index) {
    const auto& layer = layers[index];
    const auto rows = draw_rows(
        layer, Random(seed, Purpose::synthetic_masks, static_cast<std::uint32_t>(index), draw));
    const auto n = static_cast<double>(layer.parameters);
    const double length = n / static_cast<double>(rows.size());
    const double of_kind = share[layer.reads_samples ? 1 : 0];
    const double kept = of_kind > 0 ? static_cast<double>(layer.kept) / (n * of_kind) : 0;
    for (const auto curve : rows) filler.add(length, curve, curve == inactive ? 1 : kept);
  }
  parts.chunks = filler.finish();
  return parts;
}

}  // namespace ringsim
