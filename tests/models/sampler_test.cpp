#include "models/sampler.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace ringsim;

TEST_CASE("an epoch shows every sample at most once, to one rank", "[sampler]") {
  BatchSampler sampler(103, 4, 5, 1);
  REQUIRE(sampler.steps_per_epoch() == 5);  // floor(103 / 20)
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    std::set<std::uint32_t> seen;
    for (std::uint64_t step = epoch * 5; step < epoch * 5 + 5; ++step) {
      sampler.begin_step(step);
      for (Rank rank = 0; rank < 4; ++rank) {
        const auto batch = sampler.batch(step, rank);
        REQUIRE(batch.size() == 5);
        seen.insert(batch.begin(), batch.end());
      }
    }
    CHECK(seen.size() == 100);
    CHECK(*seen.rbegin() < 103);
  }
}

TEST_CASE("epochs and seeds give other orders, the same seed the same", "[sampler]") {
  const auto first = [](std::uint64_t seed, std::uint64_t step) {
    BatchSampler sampler(1000, 2, 50, seed);
    sampler.begin_step(step);
    const auto batch = sampler.batch(step, 0);
    return std::vector<std::uint32_t>(batch.begin(), batch.end());
  };
  CHECK(first(1, 0) == first(1, 0));
  CHECK(first(1, 0) != first(1, 10));  // the next epoch
  CHECK(first(1, 0) != first(2, 0));
}

TEST_CASE("the ranks' batches together are the batch of one rank with the N-fold size",
          "[sampler]") {
  BatchSampler many(1000, 4, 8, 3), one(1000, 1, 32, 3);
  many.begin_step(2);
  one.begin_step(2);
  std::vector<std::uint32_t> joined;
  for (Rank rank = 0; rank < 4; ++rank) {
    const auto batch = many.batch(2, rank);
    joined.insert(joined.end(), batch.begin(), batch.end());
  }
  const auto whole = one.batch(2, 0);
  CHECK(joined == std::vector<std::uint32_t>(whole.begin(), whole.end()));
}
