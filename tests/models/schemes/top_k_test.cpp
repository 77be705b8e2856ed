#include "models/schemes/top_k.hpp"

#include "tests/models/schemes/schemes.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace ringsim;
using namespace ringsim::test;

namespace {

std::uint64_t selected(const std::vector<float>& values, std::size_t k) {
  std::vector<prune::MaskWord> mask(1, ~prune::MaskWord{0});
  std::vector<float> scratch;
  select_top_k(values, k, mask, scratch);
  return mask[0];
}

}  // namespace

TEST_CASE("the k largest magnitudes are selected, the first of equal ones", "[top-k]") {
  const std::vector<float> values = {1, -3, 2, 2, 0, -2};
  CHECK(selected(values, 0) == 0);
  CHECK(selected(values, 1) == 0b000010);
  CHECK(selected(values, 2) == 0b000110);
  CHECK(selected(values, 3) == 0b001110);
  CHECK(selected(values, 4) == 0b101110);
  CHECK(selected(values, 6) == 0b111111);
}

TEST_CASE("a NaN counts as 0", "[top-k]") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(selected({nan, 1, nan, -2}, 2) == 0b1010);
  CHECK(selected({nan, 1, nan, -2}, 3) == 0b1011);
}

TEST_CASE("a count is rounded up and never more than there are", "[top-k]") {
  CHECK(kept_count(0.01, 1000) == 10);
  CHECK(kept_count(0.01, 1001) == 11);
  CHECK(kept_count(1e-9, 5) == 1);
  CHECK(kept_count(1, 5) == 5);
}

TEST_CASE("a threshold on a sample is that of its elements alone", "[top-k]") {
  const std::vector<float> values = {9, 1, -9, 2, 9, 3, 9, -4, 9, 5};
  std::vector<float> scratch;
  CHECK(sampled_threshold(values, 0.4, 1, 2, scratch) == 4);  // the second of 1 2 3 4 5
  CHECK(sampled_threshold(values, 0.2, 1, 2, scratch) == 5);
  CHECK(sampled_threshold(values, 0.5, 0, 1, scratch) == 9);
}
