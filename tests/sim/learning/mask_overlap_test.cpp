#include "sim/learning/mask_overlap.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

TEST_CASE("the overlap is the share of the kept that the step before kept too", "[overlap]") {
  const Layers layers = {{"a", 0, 70}, {"b", 70, 4}};
  MaskOverlap overlap(layers);
  using Shares = std::vector<std::optional<double>>;
  const auto record = [&](std::vector<prune::MaskWord> mask) { return overlap.record(mask); };
  CHECK(record({0b0111, 0b1, 0b0011}) == Shares{std::nullopt, std::nullopt});
  // One of the two that a keeps was kept before, and none of b's.
  CHECK(record({0b1001, 0b0, 0b0100}) == Shares{0.5, 0.0});
  // Nothing of a is kept.
  CHECK(record({0, 0, 0b0100}) == Shares{std::nullopt, 1.0});
  CHECK(record({0b1, 0, 0b1111}) == Shares{0.0, 0.25});
  // Everything: of b all was kept before, of a's 70 one.
  CHECK(record({}) == Shares{1.0 / 70, 1.0});
  CHECK(record({0b11, 0, 0}) == Shares{1.0, std::nullopt});
}
