#include "sim/recurrence/ring_rounds.hpp"

#include "base/random.hpp"
#include "sim/recurrence/ring_kernels.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace ringsim;

namespace {

struct Case {
  std::vector<double> ready;
  RingRounds ring;
};

/// `sizes`: how many different part sizes; 2 gives a block of larger ones, as chunks do.
Case random_case(std::size_t ranks, std::uint32_t rounds, int sizes) {
  Random random(ranks, Purpose::compute_jitter, static_cast<std::uint32_t>(sizes), rounds);
  Case made;
  made.ring.rounds = rounds;
  for (std::size_t i = 0; i < ranks; ++i) {
    made.ready.push_back(1e-3 * random.uniform());
    made.ring.latency.push_back(1e-5 * random.uniform());
    made.ring.bandwidth.push_back(1e8 + 1e9 * random.uniform());
    const bool larger = sizes == 2 && i < ranks / 3;
    made.ring.size.push_back(sizes > 2 ? static_cast<double>(random.below(10'000))
                                       : 4000 + (larger ? 4 : 0));
  }
  return made;
}

/// t'[i] = max(done[i], done[i-1]), done[i] = max(t[i], t[i+1]) + latency[i] + bytes/bandwidth[i].
std::vector<double> done_plainly(const Case& what) {
  const std::size_t n = what.ready.size();
  auto t = what.ready;
  std::vector<double> done(n);
  for (std::uint32_t j = 0; j < what.ring.rounds; ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      const double size = what.ring.size[(i + n - j % n) % n];
      done[i] =
          std::max(t[i], t[(i + 1) % n]) + what.ring.latency[i] + size / what.ring.bandwidth[i];
    }
    for (std::size_t i = 0; i < n; ++i) t[i] = std::max(done[i], done[(i + n - 1) % n]);
  }
  return t;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(a[i] - b[i]) / b[i]);
  }
  return largest;
}

}  // namespace

TEST_CASE("ranks advanced piece by piece end when they end one by one", "[ring_rounds]") {
  const int sizes = GENERATE(1, 2, 3);
  for (const std::size_t ranks : {2, 3, 4, 5, 64, 255, 256, 257, 300, 1000, 1024, 2047, 2049}) {
    for (const std::size_t rounds : {std::size_t{1}, std::size_t{2}, std::size_t{5}, ranks - 1,
                                     2 * (ranks - 1), 3 * ranks + 1}) {
      const auto what = random_case(ranks, static_cast<std::uint32_t>(rounds), sizes);
      const auto times = advance_ring(what.ready, what.ring);
      INFO(ranks << " ranks, " << rounds << " rounds, " << sizes << " sizes");
      CHECK(largest_difference(times.done, done_plainly(what)) < 1e-11);
    }
  }
}

TEST_CASE("first starts and last ends of a ring", "[ring_rounds]") {
  // Ranks 0, 1 and 2 begin at 1, 2 and 4 s; messages take 1, 2 and 3 s. The first ones start at 2,
  // 4, 4; end at 3, 6, 7; the ranks go on at 7, 6, 7. The second ones start at 7, 7, 7 and end at
  // 8, 9, 10.
  const RingRounds ring{2, {1, 2, 3}, {1, 1, 1}, {0, 0, 0}};
  const auto times = advance_ring(std::vector<double>{1, 2, 4}, ring);
  CHECK(times.first_start == std::vector<double>{2, 4, 4});
  CHECK(times.last_end == std::vector<double>{8, 9, 10});
  CHECK(times.done == std::vector<double>{10, 9, 10});
}

TEST_CASE("every instruction set gives the same numbers", "[ring_rounds]") {
  using namespace ring_kernels;
  const auto kernels = available();
  for (const std::size_t length : {5, 8, 9, 100}) {
    const std::size_t rounds = 8;
    Random random(length, Purpose::compute_jitter);
    const auto draw = [&](std::size_t count) {
      std::vector<Lanes> values(count);
      for (auto& value : values) {
        for (double& lane : value.value) lane = random.uniform();
      }
      return values;
    };
    const auto s = draw(length), d = draw(length), per_byte = draw(length);
    const auto size = draw(length + rounds);
    std::vector<std::vector<double>> uniform, sized;
    for (const auto& kernel : kernels) {
      auto a = s, b = s;
      kernel.uniform(a.data(), d.data(), length, rounds);
      kernel.sized(b.data(), d.data(), per_byte.data(), size.data(), length, rounds);
      uniform.emplace_back(&a[0].value[0], &a[0].value[0] + length * lanes);
      sized.emplace_back(&b[0].value[0], &b[0].value[0] + length * lanes);
    }
    for (std::size_t k = 1; k < kernels.size(); ++k) {
      CHECK(uniform[k] == uniform[0]);
      CHECK(sized[k] == sized[0]);
    }
  }
}

TEST_CASE("checkpoints of a ring change no time, and later rounds start as they say",
          "[ring_rounds]") {
  for (const std::size_t ranks : {2, 5, 255, 256, 300, 1000}) {
    const auto what = random_case(ranks, static_cast<std::uint32_t>(2 * (ranks - 1)), 3);
    RingCheckpoints kept{50};
    const auto times = advance_ring(what.ready, what.ring);
    const auto with_kept = advance_ring(what.ready, what.ring, &kept);
    INFO(ranks << " ranks");
    CHECK(with_kept.done == times.done);
    CHECK(kept.every >= 50);
    CHECK(kept.every < 50 + 32);
    REQUIRE(kept.starts.size() == (what.ring.rounds + kept.every - 1) / kept.every);
    for (std::size_t k = 0; k < kept.starts.size(); ++k) {
      // Messages start when both sides have ended the rounds before.
      auto until = what;
      until.ring.rounds = static_cast<std::uint32_t>(k * kept.every);
      const auto done = done_plainly(until);
      const auto starts = first_starts(k == 0 ? what.ready : done);
      CHECK(largest_difference(kept.starts[k], starts) < 1e-11);
    }
  }
}
