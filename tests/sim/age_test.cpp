#include "sim/age.hpp"

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
