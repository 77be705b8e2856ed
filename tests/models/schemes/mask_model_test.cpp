#include "models/schemes/mask_model.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ringsim;

namespace {

constexpr std::size_t region = 20'000;  // elements that share a number
/// With a lighter tail than the fitted model: of 200 regions the heaviest would decide.
constexpr MaskModel heavy{
    .region_sigma = 0.55, .element_sigma = 1.0, .layer_sigma = 0.6, .layer_correlation = -0.45};

/// Draws a mask as the model describes it, element by element.
std::vector<prune::MaskWord> draw(const MaskModel& model, double share, std::size_t parameters,
                                  std::uint32_t rank) {
  std::vector<double> activity(parameters);
  Random regions(1, Purpose::synthetic_masks), elements(2, Purpose::synthetic_masks);
  double x = 0, sum = 0;
  for (std::size_t i = 0; i < parameters; ++i) {
    if (i % region == 0) x = regions.normal();
    activity[i] = std::exp(model.region_sigma * x + model.element_sigma * elements.normal());
    sum += activity[i];
  }
  Random draws(3, Purpose::synthetic_masks, rank);
  std::vector<prune::MaskWord> mask(prune::mask_words(parameters));
  const double c = share * static_cast<double>(parameters) / sum;
  for (std::size_t i = 0; i < parameters; ++i) {
    if (draws.uniform() < c * activity[i]) mask[i / 64] |= prune::MaskWord{1} << (i % 64);
  }
  return mask;
}

prune::Segment segment(std::size_t parameters) { return {0, parameters, 0, 1, 1}; }

double share_of(const std::vector<prune::MaskWord>& mask, std::size_t parameters) {
  return static_cast<double>(prune::count(mask)) / static_cast<double>(parameters);
}

}  // namespace

TEST_CASE("expected sizes are those of masks that are drawn", "[mask-model]") {
  constexpr std::size_t n = 4'000'000;
  const std::vector<prune::Segment> segments = {segment(n)};
  for (const double share : {0.001, 0.0119, 0.1}) {
    const auto mask = draw(heavy, share, n, 0);
    const std::vector<double> shares = {share_of(mask, n)};
    for (const auto* encoding : mask_encodings()) {
      INFO(share << " " << encoding->name);
      const auto drawn = static_cast<double>(encoding->encoded_size(mask, n));
      const auto size = expected_mask_size(heavy, segments, shares, encoding);
      // 200 regions: their own spread is what is left.
      CHECK(static_cast<double>(size.mask.count) == Approx(drawn).epsilon(0.02));
      CHECK(size.header.count == mask_header_bytes(size.mask.count));
    }
  }
}

TEST_CASE("without a tail sizes are those of independent elements", "[mask-model]") {
  constexpr std::size_t n = 4'000'000;
  const MaskModel independent{
      .region_sigma = 0, .element_sigma = 0, .layer_sigma = 0, .layer_correlation = 0};
  const std::vector<prune::Segment> segments = {segment(n)};
  const auto mask = draw(independent, 0.0119, n, 0);
  const std::vector<double> shares = {share_of(mask, n)};
  for (const auto* encoding : mask_encodings()) {
    INFO(encoding->name);
    const auto drawn = static_cast<double>(encoding->encoded_size(mask, n));
    const auto size = expected_mask_size(independent, segments, shares, encoding);
    CHECK(static_cast<double>(size.mask.count) == Approx(drawn).epsilon(2e-3));
  }
  CHECK(share_of_union(independent, 0.1, 3) == Approx(1 - 0.9 * 0.9 * 0.9));
  CHECK(share_of_each(independent, 1 - 0.9 * 0.9 * 0.9, 3) == Approx(0.1));
}

TEST_CASE("masks of several ranks overlap as those that are drawn do", "[mask-model]") {
  constexpr std::size_t n = 4'000'000;
  constexpr double share = 0.01;
  auto together = draw(heavy, share, n, 0);
  for (std::uint32_t rank = 1; rank < 4; ++rank) {
    prune::unite(together, draw(heavy, share, n, rank));
    CHECK(share_of(together, n) == Approx(share_of_union(heavy, share, rank + 1)).epsilon(0.01));
  }
  const double all = share_of_union(heavy, share, 4);
  CHECK(all < 1 - std::pow(1 - share, 4));
  CHECK(share_of_each(heavy, all, 4) == Approx(share).epsilon(1e-6));
}

TEST_CASE("what is kept of the layers is drawn, all together is exact", "[mask-model]") {
  std::vector<prune::Segment> segments;
  for (std::size_t layer = 0; layer < 50; ++layer) segments.push_back(segment(100'000));
  std::vector<std::vector<double>> logs(segments.size());
  constexpr std::uint64_t steps = 400;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const auto kept = draw_kept(fitted_masks, segments, 0.01, 1, step);
    REQUIRE(std::accumulate(kept.begin(), kept.end(), std::uint64_t{0}) == 50'000);
    for (std::size_t layer = 0; layer < kept.size(); ++layer)
      logs[layer].push_back(std::log(static_cast<double>(kept[layer])));
  }
  // The scaling that keeps the total takes a little of the variance.
  double square = 0, product = 0;
  for (const auto& log : logs) {
    const double mean = std::accumulate(log.begin(), log.end(), 0.0) / steps;
    for (std::size_t i = 0; i + 1 < log.size(); ++i) {
      square += (log[i] - mean) * (log[i] - mean);
      product += (log[i] - mean) * (log[i + 1] - mean);
    }
  }
  CHECK(std::sqrt(square / (50 * (steps - 1))) == Approx(fitted_masks.layer_sigma).epsilon(0.05));
  CHECK(product / square == Approx(fitted_masks.layer_correlation).margin(0.05));
  CHECK(draw_kept(fitted_masks, segments, 0.01, 1, 7) ==
        draw_kept(fitted_masks, segments, 0.01, 1, 7));
  CHECK(draw_kept(fitted_masks, segments, 0.01, 2, 7) !=
        draw_kept(fitted_masks, segments, 0.01, 1, 7));
}

TEST_CASE("the extremes of what is kept", "[mask-model]") {
  const std::vector<prune::Segment> segments = {segment(1000), segment(5000)};
  CHECK(draw_kept(fitted_masks, segments, 1, 1, 0) == std::vector<std::uint64_t>{1000, 5000});
  const auto most = draw_kept(fitted_masks, segments, 0.9, 1, 0);
  CHECK(most[0] + most[1] == 5400);
  CHECK(draw_kept(fitted_masks, {}, 0.5, 1, 0).empty());
  const std::vector<double> none = {0, 0}, all = {1, 1};
  const auto empty = expected_mask_size(fitted_masks, segments, none, nullptr);
  CHECK(empty.mask.count == 0);
  CHECK(empty.header.count == 2 * mask_header_bytes(0));
  // One run of ones: an empty run and its length.
  CHECK(expected_mask_size(fitted_masks, segments, all, nullptr).mask.count <= 125 + 625);
  CHECK(share_of_each(fitted_masks, 0, 4) == 0);
  CHECK(share_of_each(fitted_masks, 1, 4) == 1);
}
