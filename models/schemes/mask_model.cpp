#include "models/schemes/mask_model.hpp"

#include "base/random.hpp"
#include "models/schemes/normal_shares.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace ringsim {
namespace {

double total_sigma(const MaskModel& model) {
  return std::hypot(model.region_sigma, model.element_sigma);
}

double sum_of(std::span<const prune::Segment> segments) {
  double sum = 0;
  for (const auto& segment : segments) sum += static_cast<double>(segment.parameters);
  return sum;
}

/// The autoregressive process of a layer in a step, from so many of the last innovations that what
/// is left out is below 1e-3.
double fluctuation(const MaskModel& model, std::uint64_t seed, std::uint32_t layer,
                   std::uint64_t step) {
  const double phi = model.layer_correlation;
  double sum = 0, factor = std::sqrt(1 - phi * phi);
  constexpr std::uint64_t most = 64;
  for (std::uint64_t back = 0; back < most && std::abs(factor) > 1e-3; ++back) {
    sum += factor * Random(seed, Purpose::synthetic_masks, layer, step + most - back).normal();
    factor *= phi;
  }
  return sum;
}

}  // namespace

double share_of_union(const MaskModel& model, double share, double masks) {
  const auto each = normal_shares(total_sigma(model), share);
  const auto& weight = normal_nodes().weight;
  double kept = 0;
  for (std::size_t i = 0; i < each.size(); ++i)
    kept += weight[i] * -std::expm1(masks * std::log1p(-each[i]));
  return std::min(1.0, kept);
}

double share_of_each(const MaskModel& model, double share, double masks) {
  if (masks == 1 || share >= 1) return share;
  if (share <= 0) return 0;
  // Nearly in proportion to each other, and concave: a few steps from below.
  double each = share / masks;
  for (int round = 0; round < 100; ++round) {
    const double kept = share_of_union(model, each, masks);
    each = std::min(1.0, each * (share / kept));
    if (std::abs(kept - share) <= 1e-9 * share) break;
  }
  return each;
}

MaskSize expected_mask_size(const MaskModel& model, std::span<const prune::Segment> segments,
                            std::span<const double> shares, const MaskEncoding* encoding) {
  MaskSize size;
  std::array<MaskRegion, NormalNodes::count> regions{};
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const std::size_t n = segments[s].parameters;
    double bytes = 0;
    if (shares[s] > 0) {
      const auto density = normal_shares(model.region_sigma, shares[s]);
      for (std::size_t i = 0; i < regions.size(); ++i)
        regions[i] = {normal_nodes().weight[i] * static_cast<double>(n), density[i]};
    } else {
      regions.fill({0, 1});
    }
    if (encoding != nullptr) {
      bytes = encoding->expected_size(regions, n);
    } else {
      bytes = mask_encodings().front()->expected_size(regions, n);
      for (const auto* each : mask_encodings())
        bytes = std::min(bytes, each->expected_size(regions, n));
    }
    const auto payload = static_cast<std::size_t>(std::llround(bytes));
    size.mask += Bytes{payload};
    size.header += Bytes{mask_header_bytes(payload)};
  }
  return size;
}

std::vector<std::uint64_t> draw_kept(const MaskModel& model,
                                     std::span<const prune::Segment> segments, double density,
                                     std::uint64_t seed, std::uint64_t step) {
  std::vector<double> shares;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const double x = fluctuation(model, seed, static_cast<std::uint32_t>(s), step);
    shares.push_back(density * std::exp(model.layer_sigma * x));
  }
  const double all = density * sum_of(segments);
  // What is cut off where all of a layer is kept goes to the others.
  for (int round = 0; round < 200; ++round) {
    double kept = 0;
    for (std::size_t s = 0; s < segments.size(); ++s)
      kept += static_cast<double>(segments[s].parameters) * std::min(1.0, shares[s]);
    if (kept == 0 || std::abs(kept - all) <= 1e-12 * all) break;
    for (double& share : shares) share = std::min(1.0, share) * (all / kept);
  }
  std::vector<std::uint64_t> counts;
  double before = 0;
  std::uint64_t counted = 0;
  // Rounding what has been kept so far keeps the total.
  for (std::size_t s = 0; s < segments.size(); ++s) {
    before += static_cast<double>(segments[s].parameters) * std::min(1.0, shares[s]);
    const auto until = static_cast<std::uint64_t>(std::llround(before));
    counts.push_back(std::min<std::uint64_t>(until - counted, segments[s].parameters));
    counted = until;
  }
  return counts;
}

}  // namespace ringsim
