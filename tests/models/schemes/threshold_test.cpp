#include "models/schemes/threshold.hpp"

#include "base/error.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

using namespace ringsim;

TEST_CASE("threshold policies are parsed", "[threshold]") {
  CHECK(parse_threshold("density").policy == ThresholdPolicy::density);
  CHECK(parse_threshold("quantile").policy == ThresholdPolicy::quantile);
  CHECK(parse_threshold("fixed:0.5").policy == ThresholdPolicy::fixed);
  CHECK(parse_threshold("fixed:0.5").parameter == 0.5);
  CHECK(parse_threshold("dispersion:-1").policy == ThresholdPolicy::dispersion);
  CHECK(parse_threshold("dispersion:-1").parameter == -1);
}

TEST_CASE("a wrong threshold policy is an error that lists what is accepted", "[threshold]") {
  for (const auto* text :
       {"", "fixed", "fixed:", "fixed:-1", "fixed:1x", "dispersion:x", "densityy", "quantile:1"}) {
    CHECK_THROWS_WITH(
        parse_threshold(text),
        std::string("`threshold`: found \"") + text +
            "\"; fixed:T (T at least 0), dispersion:K, quantile or density is accepted");
  }
}

TEST_CASE("the dispersion threshold is mean + K stddev", "[threshold]") {
  // Importances 1, 2, 3, 6: mean 3, mean square 12.5, variance 3.5.
  const prune::Statistics statistics{0, 12, 50};
  CHECK(dispersion_threshold(statistics, 4, 0) == 3.0F);
  CHECK(dispersion_threshold(statistics, 4, 2) == Approx(3 + 2 * std::sqrt(3.5)));
  CHECK(dispersion_threshold(statistics, 4, -10) == 0.0F);  // never below 0
}

TEST_CASE("a density controller moves log T by gain * (log ratio + bias)", "[threshold]") {
  DensityController controller;
  // Bias 0.06*(2 - 1). The error is positive and the controller starts below: the gain is halved to
  // 1/4.
  controller.update(0.02, 0.01);
  double log_threshold = 0.25 * (std::log(2) + 0.06);
  CHECK(controller.threshold() == Approx(std::exp(log_threshold)));
  // Positive again: the gain grows to 0.275.
  controller.update(0.02, 0.01);
  log_threshold += 0.275 * (std::log(2) + 0.12);
  CHECK(controller.threshold() == Approx(std::exp(log_threshold)));
  // No share at all counts as a quarter of the target; the error changes its sign, the gain is
  // halved.
  controller.update(0, 0.01);
  log_threshold += 0.1375 * (std::log(0.25) + 0.12 - 0.06 * 0.75);
  CHECK(controller.threshold() == Approx(std::exp(log_threshold)));
}

TEST_CASE("a density controller settles where a light tail makes the share fall steeply",
          "[threshold]") {
  // share = T^-8: with a gain of 1/2 throughout, log T would be multiplied by 1 - 8/2 = -3 each
  // step.
  DensityController controller;
  const double target = 0.01, settled = std::pow(target, -1.0 / 8);
  for (int step = 0; step < 200; ++step)
    controller.update(std::pow(controller.threshold(), -8), target);
  CHECK(controller.threshold() == Approx(settled).epsilon(0.01));
}

TEST_CASE("a quantile of the importance leaves the share above it", "[threshold]") {
  // Importances 1 .. 8, by magnitudes, weights and the floor 0.5.
  const std::vector<float> values = {1, -4, 3, 1, 10, 1.5, 3.5, -4},
                           weights = {1, 2, 1, 0, 2, 0.25, -0.1F, 1};
  // 1, 2, 3, 2, 5, 3, 7, 4
  std::vector<float> scratch;
  const auto quantile = [&](double share, std::size_t first = 0, std::size_t stride = 1) {
    return importance_quantile(values, weights, 0.5F, share, first, stride, scratch);
  };
  CHECK(quantile(0) == 7);        // none is above
  CHECK(quantile(1.0 / 8) == 5);  // 7 is
  CHECK(quantile(2.0 / 8) == 4);
  CHECK(quantile(1) == 0);
  CHECK(quantile(0.25, 1, 2) == 3);  // of 2, 2, 3, 4 one: 4
}

TEST_CASE("the first steps of a density together meet it", "[threshold]") {
  // Masks that overlap far more, or less, than the mask model says: all the same, or all apart.
  const double masks = 4, target = 1.0 / 84;
  const bool apart = GENERATE(false, true);
  DensityStart start;
  double sum = 0;
  for (std::uint64_t step = 0; step < DensityStart::steps; ++step) {
    start.prepare(target, masks, 0);
    const double share = apart ? 1 - std::pow(1 - start.each(), masks) : start.each();
    start.update(share);
    sum += share;
    if (step >= 2) CHECK(sum / static_cast<double>(step + 1) == Approx(target).epsilon(0.05));
  }
  // What a tail keeps by chance is not selected.
  DensityStart with_tail;
  start = {};
  start.prepare(target, masks, 0);
  with_tail.prepare(target, masks, 0.001);
  CHECK(with_tail.each() == Approx(start.each() - 0.001));
  // Nothing was kept: the share that is asked for grows, within bounds.
  for (int step = 0; step < 20; ++step) {
    start.update(0);
    start.prepare(target, masks, 0);
  }
  CHECK(start.each() <= 1);
  CHECK(start.each() > target);
}

TEST_CASE("the density falls by four in each epoch of the warm-up", "[threshold]") {
  CHECK(warmup_density(0.01, 0, 3) == 0.25);
  CHECK(warmup_density(0.01, 1, 3) == 0.0625);
  CHECK(warmup_density(0.01, 2, 3) == 0.015625);
  CHECK(warmup_density(0.01, 3, 3) == 0.01);
  CHECK(warmup_density(0.1, 2, 3) == 0.1);  // never below what was asked for
  CHECK(warmup_density(0.01, 0, 0) == 0.01);
}
