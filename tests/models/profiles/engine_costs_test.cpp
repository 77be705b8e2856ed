#include "models/profiles/engine_costs.hpp"

#include <catch2/catch.hpp>

namespace ringsim {
namespace {

/// An engine whose select takes 10 us + 5 ps an element and 2 ps more with a velocity, whose pack
/// takes 8 us + 50 ps a kept value and 60 ps more with a velocity, its unpack 7 us + 40 ps.
prune::SizeRates exact_rates(std::size_t elements) {
  const auto n = static_cast<double>(elements);
  const double select = 10e-6 + 5e-12 * n;
  prune::SizeRates size;
  size.elements = elements;
  size.copy = {2e12};
  size.limit = {2e12};
  size.select = {16.125 * n / select};
  size.select_with_velocity = {24.125 * n / (select + 2e-12 * n)};
  for (const std::uint64_t part : {1000, 100}) {
    prune::MaskRates mask;
    mask.kept = elements / part;
    const auto kept = static_cast<double>(mask.kept);
    mask.pack = {8e-6 + 50e-12 * kept};
    mask.pack_with_velocity = mask.pack + Seconds{60e-12 * kept};
    mask.unpack = {7e-6 + 40e-12 * kept};
    size.masks.push_back(mask);
  }
  return size;
}

TEST_CASE("an engine's costs have a fixed part and slopes", "[profiles]") {
  const prune::EngineRates rates{
      "avx2", "example", 2, {exact_rates(1'000'000), exact_rates(25'000'000)}};
  const auto profile = profile_of_engine(rates);
  const auto costs = find_costs(profile, {"iwp", {}, {}});
  REQUIRE(costs);
  const auto time = [&](CostStage stage, const CostCounts& counts) {
    return costs->costs.time(stage, counts).value;
  };
  // Between the sizes, and beyond them: 10 us + 5 ps * 61 million.
  CHECK(time(CostStage::encode, {.calls = 1, .elements = 5.05e6}) == Approx(35.25e-6));
  CHECK(time(CostStage::encode, {.calls = 1, .elements = 61e6}) == Approx(315e-6));
  CHECK(time(CostStage::encode, {.calls = 1, .elements = 1e6, .velocity_elements = 1e6}) ==
        Approx(17e-6));
  CHECK(time(CostStage::between, {.calls = 1, .elements = 5e6, .kept_values = 1e5}) ==
        Approx(13e-6));
  CHECK(time(CostStage::between, {.velocity_values = 1e5}) == Approx(6e-6));
  CHECK(time(CostStage::decode, {.calls = 1, .elements = 5e6, .kept_values = 1e5}) ==
        Approx(11e-6));
  CHECK(time(CostStage::encode, {.coded_bytes = 2e6}) == Approx(1e-6));
  CHECK(costs->costs.stages[0].fitted->worst < 1e-9);
}

TEST_CASE("one size gives slopes alone", "[profiles]") {
  const auto profile = profile_of_engine({"avx2", "example", 1, {exact_rates(1'000'000)}});
  const auto& select = profile.schemes.front().stages.front().device_seconds_per;
  CHECK(select.calls == 0);
  CHECK(select.elements == Approx(15e-12));
}

}  // namespace
}  // namespace ringsim
