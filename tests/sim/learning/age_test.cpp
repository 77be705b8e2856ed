#include "sim/learning/age.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace ringsim;

TEST_CASE("ages equal a brute-force record of every coordinate", "[age]") {
  const Layers layers = {{"a", 0, 130}, {"b", 130, 5}, {"c", 135, 64}};
  AgeTracker tracker(layers);
  std::vector<std::vector<std::uint64_t>> age(layers.size());
  for (std::size_t l = 0; l < layers.size(); ++l) age[l].assign(layers[l].parameters, 0);
  Random random(1, Purpose::batch_order);

  for (std::uint64_t step = 0; step < 40; ++step) {
    // Every seventh step sends everything, some steps send a layer whole, others a few coordinates
    // or nothing.
    const bool everything = step % 7 == 6;
    std::vector<prune::MaskWord> mask;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const std::uint64_t one_in = l == 1 && step % 5 == 2 ? 1 : 20;
      std::vector<prune::MaskWord> words(prune::mask_words(layers[l].parameters));
      for (std::size_t i = 0; i < layers[l].parameters; ++i) {
        const bool sent = everything || (step % 9 != 8 && random.below(one_in) == 0);
        age[l][i] = sent ? 0 : age[l][i] + 1;
        if (sent) words[i / 64] |= prune::MaskWord{1} << (i % 64);
      }
      mask.insert(mask.end(), words.begin(), words.end());
    }
    tracker.record(step, everything ? std::span<const prune::MaskWord>() : mask);

    std::vector<std::uint64_t> all;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      all.insert(all.end(), age[l].begin(), age[l].end());
      auto sorted = age[l];
      std::sort(sorted.begin(), sorted.end());
      const auto n = static_cast<double>(sorted.size());
      const auto statistics = tracker.layer(l);
      double sum = 0;
      for (const auto a : sorted) sum += static_cast<double>(a);
      CHECK(statistics.mean == Approx(sum / n));
      CHECK(statistics.max == static_cast<double>(sorted.back()));
      // Nearest rank: the ceil(p*n)-th smallest.
      CHECK(statistics.p50 ==
            static_cast<double>(sorted[static_cast<std::size_t>(std::ceil(0.50 * n)) - 1]));
      CHECK(statistics.p95 ==
            static_cast<double>(sorted[static_cast<std::size_t>(std::ceil(0.95 * n)) - 1]));
      const auto histogram = tracker.histogram(l);
      for (std::size_t a = 0; a < histogram.size(); ++a) {
        CHECK(histogram[a] ==
              static_cast<std::uint64_t>(std::count(sorted.begin(), sorted.end(), a)));
      }
    }
    CHECK(tracker.all().max == static_cast<double>(*std::max_element(all.begin(), all.end())));
  }
}

TEST_CASE("where ranks have masks of their own, ages are those of (rank, coordinate)", "[age]") {
  const Layers layers = {{"a", 0, 70}, {"b", 70, 3}};
  Rank ranks = 3;
  AgeTracker tracker(layers);
  // age[rank][layer][coordinate]; layer b is sent whole, by one rank not in every step.
  std::vector<std::vector<std::vector<std::uint64_t>>> age(
      ranks, {std::vector<std::uint64_t>(70), std::vector<std::uint64_t>(3)});
  Random random(1, Purpose::batch_order);
  for (std::uint64_t step = 0; step < 40; ++step) {
    if (step == 20) {
      tracker.drop(1);
      age.erase(age.begin() + 1);
      --ranks;
    }
    std::vector<std::vector<prune::MaskWord>> masks;
    for (Rank rank = 0; rank < ranks; ++rank) {
      auto& mask = masks.emplace_back(3);
      for (std::size_t i = 0; i < 70; ++i) {
        const bool sent = random.below(9) == 0 || (rank == 2 && step == 7);
        age[rank][0][i] = sent ? 0 : age[rank][0][i] + 1;
        if (sent) mask[i / 64] |= prune::MaskWord{1} << (i % 64);
      }
      const bool sends = rank != 0 || step % 4 != 1;
      for (auto& a : age[rank][1]) a = sends ? 0 : a + 1;
      if (sends) mask[2] = 0b111;
    }
    tracker.record(step, std::vector<std::span<const prune::MaskWord>>(masks.begin(), masks.end()));
    for (std::size_t l = 0; l < 2; ++l) {
      std::vector<std::uint64_t> all;
      for (Rank rank = 0; rank < ranks; ++rank)
        all.insert(all.end(), age[rank][l].begin(), age[rank][l].end());
      const auto histogram = tracker.histogram(l);
      for (std::size_t a = 0; a < histogram.size(); ++a)
        REQUIRE(histogram[a] == static_cast<std::uint64_t>(std::ranges::count(all, a)));
      CHECK(tracker.layer(l).max == static_cast<double>(std::ranges::max(all)));
    }
  }
}

TEST_CASE("a coordinate that was never sent is as old as the run", "[age]") {
  AgeTracker tracker({{"a", 0, 3}});
  const std::vector<prune::MaskWord> first_only = {1}, none = {0};
  tracker.record(0, first_only);
  tracker.record(1, none);
  tracker.record(2, none);
  // Coordinate 0 was sent in step 0: age 2. The others: never, age 3.
  CHECK(tracker.layer(0).max == 3);
  CHECK(tracker.layer(0).mean == Approx((2 + 3 + 3) / 3.0));
}

TEST_CASE("ranks may have sent alike before they send different coordinates", "[age]") {
  AgeTracker tracker({{"a", 0, 3}});
  const std::vector<prune::MaskWord> none = {0}, first = {1}, second = {2};
  const std::vector<std::span<const prune::MaskWord>> apart = {first, second};
  tracker.record(0, none);
  tracker.record(1, apart);
  tracker.record(2, none);
  // One coordinate of each rank was sent in step 1 and has age 1. The others were never sent and
  // have age 3.
  CHECK(tracker.histogram(0) == std::vector<std::uint64_t>{0, 2, 0, 4});
  tracker.record(3, std::span<const prune::MaskWord>());
  CHECK(tracker.layer(0).max == 0);
}
