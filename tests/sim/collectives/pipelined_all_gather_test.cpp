// In what pieces parts travel round the ring, and in how many rounds.
#include "sim/collectives/pipelined_all_gather.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ringsim;

TEST_CASE("a pipelined all-gather's pieces differ by at most a byte", "[collectives]") {
  // 10 bytes in pieces of at most 4: 3, rank 1 sends them on in rounds 1 to 3.
  const auto collective = make_pipelined_all_gather({Bytes{10}, {}, {}}, Bytes{4});
  std::vector<std::uint64_t> sizes, offsets;
  Round round;
  for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
    collective->round(1, index, round);
    for (const auto& send : round.sends) {
      sizes.push_back(send.bytes.count);
      offsets.push_back(send.offset.count);
    }
  }
  CHECK(sizes == std::vector<std::uint64_t>{4, 3, 3});
  CHECK(offsets == std::vector<std::uint64_t>{0, 4, 7});
}

TEST_CASE("a pipelined all-gather takes the rounds that the longest queue needs", "[collectives]") {
  const auto rounds = [](Rank ranks, std::initializer_list<Rank> roots, std::uint64_t pieces) {
    std::vector<Bytes> parts(ranks);
    for (const Rank root : roots) parts[root] = pieces * Bytes{10};
    return pipelined_rounds(parts, Bytes{10});
  };
  CHECK(rounds(64, {}, 7) == 0);
  CHECK(rounds(64, {5}, 7) == 62 + 7);
  // Neighbours: the last of 28 pieces leaves the last root in round 27, root 62 before it hops 59
  // times more to the rank before the first.
  CHECK(rounds(64, {62, 63, 0, 1}, 7) == 4 * 7 + 59);
  // Every 16 ranks: the pieces of a root need no longer than alone while 7 pass in 16 rounds; 17
  // are queued, 16 of each 17 pass before the next root's arrive.
  CHECK(rounds(64, {0, 16, 32, 48}, 7) == 62 + 7);
  CHECK(rounds(64, {0, 16, 32, 48}, 17) == 62 + 17 + 3);
  // Where nothing is cut, as in a ring all-gather.
  CHECK(rounds(4, {0, 1, 2, 3}, 1) == 3);
  CHECK(rounds(4, {1, 2}, 1) == 3);
}

TEST_CASE("pieces suit latency and bandwidth", "[collectives]") {
  const HopSpeed hop{Seconds{5e-6}, BytesPerSecond{125e6}};
  const auto time = [&](const std::vector<Bytes>& parts, Bytes piece) {
    return pipelined_rounds(parts, piece) * (hop.latency + piece / hop.bandwidth).value;
  };
  // (N-2+b/s)(L + s/B) is least at s = sqrt(b L B / (N-2)) = sqrt(300000 * 625 / 62) = 1739.
  std::vector<Bytes> one(64);
  one[3] = Bytes{300'000};
  CHECK(static_cast<double>(best_piece(one, hop).count) == Approx(1739).epsilon(0.02));
  // No other number of pieces is better, whoever sends how much.
  Random random(1, Purpose::batch_order);
  for (int i = 0; i < 50; ++i) {
    std::vector<Bytes> parts(2 + random.below(40));
    for (auto& part : parts) part = Bytes{random.below(3) == 0 ? random.below(100'000) : 0};
    parts.front() = Bytes{1 + random.below(100'000)};
    const auto largest = std::ranges::max(parts).count;
    const double chosen = time(parts, best_piece(parts, hop));
    for (std::uint64_t pieces = 1; pieces <= 1024 && pieces <= largest; ++pieces)
      REQUIRE(chosen <= 1.01 * time(parts, Bytes{(largest + pieces - 1) / pieces}));
  }
  // Equal parts of all ranks, or of all but one, are not cut; without latency they are cut as often
  // as may be.
  CHECK(best_piece(std::vector<Bytes>(8, Bytes{300'000}), hop) == Bytes{300'000});
  std::vector<Bytes> seven(8, Bytes{300'000});
  seven[2] = {};
  CHECK(best_piece(seven, hop) == Bytes{300'000});
  CHECK(best_piece(one, {Seconds{0}, hop.bandwidth}) == Bytes{293});
  CHECK(best_piece(std::vector<Bytes>(8), hop) == Bytes{1});
  CHECK(make_fastest_all_gather(std::vector<Bytes>(8, Bytes{300'000}), hop)->ring_parts());
  CHECK(make_fastest_all_gather(one, hop)->name() == "pipelined all-gather");
}
