#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <set>
#include <vector>

using namespace ringsim;

TEST_CASE("the generator is Philox4x32-10", "[random]") {
  // Known answers of the authors' library Random123 (kat_vectors, philox4x32 10).
  using Block = std::array<std::uint32_t, 4>;
  CHECK(philox4x32_10({0, 0, 0, 0}, {0, 0}) ==
        Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("sequences differ by seed, purpose, rank and step, and repeat", "[random]") {
  std::set<std::uint32_t> first;
  for (const std::uint64_t seed : {1ULL, 2ULL, 1ULL << 40}) {
    for (const auto purpose : {Purpose::batch_order, Purpose::broadcasters}) {
      for (const std::uint32_t rank : {0U, 1U}) {
        for (const std::uint64_t step : {0ULL, 1ULL, 1ULL << 33}) {
          first.insert(Random(seed, purpose, rank, step).next());
          CHECK(Random(seed, purpose, rank, step).next() ==
                Random(seed, purpose, rank, step).next());
        }
      }
    }
  }
  CHECK(first.size() == 3 * 2 * 2 * 3);
}

TEST_CASE("a draw elsewhere changes no other sequence", "[random]") {
  Random first(7, Purpose::batch_order, 3, 11), second(7, Purpose::batch_order, 4, 11);
  std::vector<std::uint32_t> alone;
  alone.reserve(100);
  for (int i = 0; i < 100; ++i) alone.push_back(first.next());
  Random again(7, Purpose::batch_order, 3, 11);
  for (int i = 0; i < 100; ++i) {
    second.normal();
    CHECK(again.next() == alone[static_cast<std::size_t>(i)]);
  }
}

TEST_CASE("bounded numbers are without bias where the bound is most of the range", "[random]") {
  // If 2^64 values were taken modulo 3*2^62, those below 2^62 would come twice as often as the
  // others: in half of all draws instead of a third.
  Random random(1, Purpose::batch_order);
  constexpr int n = 100'000;
  int low = 0;
  for (int i = 0; i < n; ++i) {
    const auto value = random.below(std::uint64_t{3} << 62);
    REQUIRE(value < std::uint64_t{3} << 62);
    low += value < std::uint64_t{1} << 62;
  }
  CHECK(low == Approx(n / 3.0).margin(5 * std::sqrt(n * 2 / 9.0)));
  CHECK(random.below(1) == 0);
}

TEST_CASE("uniform numbers are uniform and normal ones normal", "[random]") {
  Random random(1, Purpose::batch_order);
  constexpr int n = 200'000;
  double sum = 0, normal_sum = 0, normal_square = 0;
  std::array<int, 7> counts{};
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    const double z = random.normal();
    normal_sum += z;
    normal_square += z * z;
    ++counts[random.below(7)];
  }
  // Five standard errors: of the uniform mean sqrt(1/12/n), of the normal mean sqrt(1/n), of its
  // square sqrt(2/n).
  CHECK(sum / n == Approx(0.5).margin(5 * std::sqrt(1.0 / 12 / n)));
  CHECK(normal_sum / n == Approx(0).margin(5 * std::sqrt(1.0 / n)));
  CHECK(normal_square / n == Approx(1).margin(5 * std::sqrt(2.0 / n)));
  for (const int count : counts) CHECK(count == Approx(n / 7.0).margin(5 * std::sqrt(n / 7.0)));
}
