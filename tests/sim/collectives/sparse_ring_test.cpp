// The densifying ring, followed with real masks.
#include "sim/collectives/sparse_ring.hpp"

#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <cmath>

using namespace ringsim;

namespace {

using Mask = std::vector<prune::MaskWord>;
constexpr Bytes entry{8};

std::vector<Mask> random_masks(Rank ranks, std::size_t words, double density) {
  Random random(7, Purpose::synthetic_masks, ranks);
  std::vector<Mask> masks(ranks, Mask(words));
  for (auto& mask : masks) {
    for (std::size_t i = 0; i < 64 * words; ++i) {
      if (random.uniform() < density) mask[i / 64] |= prune::MaskWord{1} << (i % 64);
    }
  }
  return masks;
}

/// The words of one chunk.
struct Chunk {
  std::size_t begin, end;

  Chunk(std::size_t words, Rank ranks, Rank index)
      : begin(chunk_begin(words, ranks, index)),
        end(chunk_begin(words, ranks, index + std::size_t{1})) {}
  std::uint64_t count(const Mask& mask) const {
    std::uint64_t bits = 0;
    for (std::size_t i = begin; i < end; ++i)
      bits += static_cast<std::uint64_t>(std::popcount(mask[i]));
    return bits;
  }
};

}  // namespace

TEST_CASE("the messages of a sparse ring are what ranks hold that merge real masks",
          "[collectives]") {
  // Every rank begins with its own mask. What arrives is merged in the first N-1 rounds, and
  // replaces what stood there in the others. 5 words: chunks of no word where there are 8 ranks.
  const Rank ranks = GENERATE(2, 3, 8);
  const std::size_t words = GENERATE(0, 5, 50);
  auto held = random_masks(ranks, words, 0.1);
  Mask all(words);
  for (const auto& mask : held) {
    for (std::size_t i = 0; i < words; ++i) all[i] |= mask[i];
  }
  const auto collective = make_sparse_ring(ranks, sparse_chunk_sizes(held, entry));
  REQUIRE(collective->rounds() == 2 * (ranks - 1));
  Round round;
  Bytes total;
  for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
    const auto before = held;
    for (Rank rank = 0; rank < ranks; ++rank) {
      const Chunk chunk(words, ranks, (rank + 2 * ranks - index) % ranks);
      collective->round(rank, index, round);
      REQUIRE(round.sends.size() == 1);
      REQUIRE(round.sends[0].peer == (rank + 1) % ranks);
      CHECK(round.sends[0].bytes == chunk.count(before[rank]) * entry);
      total += round.sends[0].bytes;
      const Bytes sent = round.sends[0].bytes;
      collective->round((rank + 1) % ranks, index, round);
      REQUIRE(round.receives.size() == 1);
      CHECK(round.receives[0].peer == rank);
      CHECK(round.receives[0].bytes == sent);
      CHECK(round.reduced() == (index < ranks - 1 ? sent : Bytes{}));
      auto& target = held[(rank + 1) % ranks];
      for (std::size_t i = chunk.begin; i < chunk.end; ++i)
        target[i] = before[rank][i] | (round.receives[0].adds ? target[i] : 0);
    }
  }
  for (const auto& mask : held) CHECK(mask == all);
  CHECK(collective->total_bytes() == total);
}

TEST_CASE("chunks of a union whose masks are not known have the sizes of their parts",
          "[collectives]") {
  const std::vector<std::uint64_t> kept = {1000, 1600, 2000, 3300};
  const Bytes entry{8};
  const auto even = union_chunk_sizes(kept, {}, entry);
  // Chunks of 1000 elements: of parts that keep a quarter at first and all in the end, of parts
  // that keep half as much, and of both.
  const ChunkParts parts = {
      .curves = {{0.25, 0.5, 0.75, 1}, {0.125, 0.25, 0.375, 0.5}},
      .chunks = {{{0, 1000}}, {{1, 1000}}, {{0, 500}, {1, 500}}, {{0, 500}, {1, 500}}}};
  const auto size = union_chunk_sizes(kept, parts, entry);
  const auto sizes_of = [&](const SparseChunkSize& sizes, Rank hop) {
    std::vector<std::uint64_t> entries;
    for (Rank chunk = 0; chunk < 4; ++chunk)
      entries.push_back(sizes((chunk + hop) % 4, chunk, hop).count / entry.count);
    return entries;
  };
  using Counts = std::vector<std::uint64_t>;
  CHECK(sizes_of(even, 0) == Counts{250, 250, 250, 250});
  // 4 : 2 : 3 : 3 of the union.
  CHECK(sizes_of(size, 0) == Counts{333, 167, 250, 250});
  CHECK(sizes_of(size, 1) == Counts{533, 267, 400, 400});
  CHECK(sizes_of(size, 2) == Counts{667, 333, 500, 500});
  // 1100 : 550 : 825 : 825, and no chunk has more than 1000 elements.
  CHECK(sizes_of(size, 3) == Counts{1000, 550, 825, 825});
}

TEST_CASE("the sum of independent masks grows dense as 1-(1-d)^h", "[collectives]") {
  // Binomial: n p bits on average, within 5 standard deviations sqrt(n p (1-p)).
  const double density = GENERATE(0.01, 0.1, 0.5);
  constexpr Rank ranks = 8;
  constexpr std::size_t words = 800;
  const auto size = sparse_chunk_sizes(random_masks(ranks, words, density), Bytes{1});
  constexpr double n = 64.0 * words / ranks;
  for (Rank chunk = 0; chunk < ranks; ++chunk) {
    for (Rank hop = 0; hop < ranks; ++hop) {
      const double p = 1 - std::pow(1 - density, hop + 1.0);
      const auto kept = static_cast<double>(size((chunk + hop) % ranks, chunk, hop).count);
      CHECK(std::fabs(kept - n * p) < 5 * std::sqrt(n * p * (1 - p)));
    }
  }
}
