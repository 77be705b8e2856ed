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

TEST_CASE("of a mask the k largest stay, the first of equal ones", "[top-k]") {
  std::vector<float> values(130);
  std::vector<prune::MaskWord> all(3);
  for (const auto& [at, value] : {std::pair{3, 2.0F}, {63, -5.0F}, {64, 2.0F}, {128, 9.0F}}) {
    values[static_cast<std::size_t>(at)] = value;
    all[static_cast<std::size_t>(at) / 64] |= prune::MaskWord{1} << (at % 64);
  }
  values[7] = 100;  // is not in the mask
  std::vector<float> scratch;
  const auto largest = [&](std::size_t k) {
    auto mask = all;
    const float smallest = keep_largest(values, k, mask, scratch);
    return std::pair{smallest, mask};
  };
  using Words = std::vector<prune::MaskWord>;
  CHECK(largest(1) == std::pair{9.0F, Words{0, 0, 1}});
  CHECK(largest(2) == std::pair{5.0F, Words{prune::MaskWord{1} << 63, 0, 1}});
  CHECK(largest(3) == std::pair{2.0F, Words{prune::MaskWord{1} << 63 | 8, 0, 1}});
  CHECK(largest(4) == std::pair{2.0F, all});
}

TEST_CASE("of a mask the first k stay", "[top-k]") {
  const std::vector<prune::MaskWord> all = {0b1010, 0, 0b111};
  const auto first = [&](std::size_t k) {
    auto mask = all;
    keep_first(mask, k);
    return mask;
  };
  using Words = std::vector<prune::MaskWord>;
  CHECK(first(0) == Words{0, 0, 0});
  CHECK(first(1) == Words{0b10, 0, 0});
  CHECK(first(2) == Words{0b1010, 0, 0});
  CHECK(first(4) == Words{0b1010, 0, 0b11});
  CHECK(first(5) == all);
  CHECK(first(6) == all);
}

TEST_CASE("a count is rounded down, at least one and never more than there are", "[top-k]") {
  CHECK(kept_count(0.01, 1000) == 10);
  CHECK(kept_count(0.01, 1099) == 10);
  CHECK(kept_count(0.01, 99) == 1);
  CHECK(kept_count(1e-9, 5) == 1);
  CHECK(kept_count(1, 5) == 5);
  CHECK(kept_count(0.5, 0) == 0);
  // 0.29 and 1/49 are a little less in binary: 0.29 * 100 is 28.999999999999996.
  CHECK(kept_count(0.29, 100) == 29);
  CHECK(kept_count(1.0 / 49, 49) == 1);
  CHECK(kept_count(1.0 / 49, 98) == 2);
}

TEST_CASE("the stride of a sample is that of the authors' code", "[top-k]") {
  // ceil(200704 / 2008 / 32) * 32 + 1 = 129 gives 1555 elements of the 2008; 97 gives 2069.
  CHECK(sample_stride(200704, 0.01, 1.0 / 84) == 97);
  // 168 elements, two that are kept: 33 gives 39, 25 51, 17 75, 9 143, 1 all.
  CHECK(sample_stride(1290, 0.01, 1.0 / 84) == 1);
  CHECK(sample_stride(168, 0.01, 1.0 / 84) == 1);     // no more than are needed
  CHECK(sample_stride(16800, 0.01, 1.0 / 84) == 97);  // 129 gives 130 of 168, 121 138, 97 173
  CHECK(sample_stride(5, 1, 1) == 1);
  CHECK(sample_stride(0, 0.01, 0.01) == 1);
}

TEST_CASE("a threshold on a sample is that of its elements alone", "[top-k]") {
  const std::vector<float> values = {9, 1, -9, 2, 9, 3, 9, -4, 9, 5};
  std::vector<float> scratch;
  CHECK(sampled_threshold(values, 0.4, 1, 2, scratch) == 4);  // the second of 1 2 3 4 5
  CHECK(sampled_threshold(values, 0.2, 1, 2, scratch) == 5);
  CHECK(sampled_threshold(values, 0.5, 0, 1, scratch) == 9);
}
