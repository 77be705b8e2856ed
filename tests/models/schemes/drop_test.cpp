// Ranks that die while schemes go on.
#include "models/schemes/iwp.hpp"
#include "tests/models/schemes/schemes.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;
using namespace ringsim::test;

TEST_CASE("every scheme goes on without a rank, as if it had never contributed to the step",
          "[drop]") {
  for (const auto* definition : schemes()) {
    INFO(definition->name);
    // In the first step nothing is kept back yet, so the step without rank 1 is that of the others
    // alone, but for what is drawn by rank.
    const auto weights = normal_values(7, 0, 0);
    const auto four = make_scheme(definition->name, small_options(4));
    for (Rank rank = 0; rank < 4; ++rank) {
      const auto gradient = normal_values(1, rank, 0);
      four->contribute(rank, 0, gradient, weights);
    }
    const double lost = four->drop(1);
    CHECK(lost >= 0);
    for (std::uint64_t step = 0; step < 3; ++step) {
      Gradients gradients;
      for (const Rank rank : {0, 2, 3}) gradients.push_back(normal_values(1, rank, step));
      if (step > 0) {
        for (Rank rank = 0; rank < 3; ++rank)
          four->contribute(rank, step, gradients[rank], weights);
      }
      if (definition->name == "dense" && step == 0) break;  // it refers to gradients, now gone
      const auto outcome = four->exchange(step);
      REQUIRE(outcome.mean.size() == small_parameters);
      double magnitude = 0;
      for (const float value : outcome.mean) magnitude += std::fabs(value);
      CHECK(std::isfinite(magnitude));
      CHECK(magnitude > 0);
      for (const auto& stage : outcome.stages) {
        if (const auto* work = std::get_if<LocalWork>(&stage.what)) CHECK(work->moved.size() == 3);
        if (const auto* gather = std::get_if<AllGather>(&stage.what))
          CHECK(gather->parts.size() == 3);
      }
    }
  }
}

TEST_CASE("without a rank the mean is that of the others", "[drop]") {
  const auto weights = normal_values(7, 0, 0);
  const auto scheme = make_scheme("dense", small_options(4));
  Gradients gradients;
  for (Rank rank = 0; rank < 4; ++rank) gradients.push_back(normal_values(1, rank, 0));
  for (Rank rank = 0; rank < 4; ++rank) scheme->contribute(rank, 0, gradients[rank], weights);
  CHECK(scheme->drop(2) == 0);
  const auto outcome = scheme->exchange(0);
  for (std::size_t i = 0; i < small_parameters; ++i) {
    REQUIRE(outcome.mean[i] ==
            Approx((gradients[0][i] + gradients[1][i] + gradients[3][i]) / 3).margin(1e-6));
  }
}

TEST_CASE("what is lost with a rank is what it had kept back", "[drop]") {
  auto options = small_options(4);
  set(options, "density", 0.1);
  IwpScheme scheme(small_layers(), options);
  run_steps(scheme, 4, 3, [](auto&&...) {});
  const auto weights = normal_values(7, 0, 0);
  for (Rank rank = 0; rank < 4; ++rank) {
    const auto gradient = normal_values(1, rank, 3);
    scheme.contribute(rank, 3, gradient, weights);
  }
  double kept_back = 0;
  for (const float value : scheme.residual(2)) kept_back += std::fabs(value);
  const std::vector<float> next(scheme.residual(3).begin(), scheme.residual(3).end());
  CHECK(kept_back > 0);
  CHECK(scheme.drop(2) == Approx(kept_back));
  CHECK(std::equal(next.begin(), next.end(), scheme.residual(2).begin()));
}
