#include "sim/collectives/collective.hpp"
#include "sim/step_plan.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace ringsim;

namespace {

/// Bytes that each rank sends in all rounds.
std::vector<std::uint64_t> bytes_sent(const Collective& collective) {
  std::vector<std::uint64_t> sent(collective.ranks());
  Round round;
  for (Rank rank = 0; rank < collective.ranks(); ++rank) {
    for (std::uint32_t index = 0; index < collective.rounds(); ++index) {
      collective.round(rank, index, round);
      for (const auto& send : round.sends) sent[rank] += send.bytes.count;
    }
  }
  return sent;
}

}  // namespace

TEST_CASE("chunks differ by at most one element and cover all", "[collectives]") {
  for (const std::size_t elements : {0, 1, 7, 8, 9, 1000003}) {
    for (const std::size_t chunks : {2, 3, 8, 64}) {
      CHECK(chunk_begin(elements, chunks, 0) == 0);
      CHECK(chunk_begin(elements, chunks, chunks) == elements);
      for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        const std::size_t size =
            chunk_begin(elements, chunks, chunk + 1) - chunk_begin(elements, chunks, chunk);
        CHECK(size >= elements / chunks);
        CHECK(size <= elements / chunks + 1);
      }
    }
  }
}

TEST_CASE("a ring all-reduce really sums: chunks followed through its rounds", "[collectives]") {
  const Rank ranks = GENERATE(2, 3, 8);
  const std::size_t elements = 8 * ranks + 3;
  const auto collective = make_ring_all_reduce(ranks, elements, Bytes{4});
  // contributions[rank][chunk]: whose values the chunk on that rank holds.
  std::vector<std::vector<std::set<Rank>>> holds(ranks, std::vector<std::set<Rank>>(ranks));
  for (Rank rank = 0; rank < ranks; ++rank) {
    for (auto& chunk : holds[rank]) chunk.insert(rank);
  }
  Round round;
  for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
    const auto before = holds;
    for (Rank rank = 0; rank < ranks; ++rank) {
      // In round j rank i sends chunk (i-j) mod N; its size tells that it is that chunk and no
      // other of another size.
      const Rank chunk = (rank + 2 * ranks - index) % ranks;
      collective->round(rank, index, round);
      REQUIRE(round.sends.size() == 1);
      const std::size_t size = chunk_begin(elements, ranks, chunk + std::size_t{1}) -
                               chunk_begin(elements, ranks, chunk);
      CHECK(round.sends[0].bytes == Bytes{4 * size});
      auto& target = holds[round.sends[0].peer][chunk];
      target.insert(before[rank][chunk].begin(), before[rank][chunk].end());
    }
  }
  for (const auto& rank : holds) {
    for (const auto& chunk : rank) CHECK(chunk.size() == ranks);
  }
}

TEST_CASE("a ring all-reduce sends 2(N-1)/N of the buffer per rank, exactly in total",
          "[collectives]") {
  for (const Rank ranks : {2U, 3U, 8U, 64U}) {
    for (const std::size_t elements : {16UL, 1001UL, 25000000UL}) {
      const auto collective = make_ring_all_reduce(ranks, elements, Bytes{4});
      CHECK(total_bytes(*collective) == Bytes{2 * (ranks - 1) * elements * 4});
    }
  }
}

TEST_CASE("every message that is sent is received, in every round", "[collectives]") {
  const std::vector<std::shared_ptr<const Collective>> all = {
      make_ring_all_reduce(5, 1003, Bytes{4}), make_ring_all_reduce(5, 2, Bytes{4}),
      make_ring_all_gather({Bytes{10}, {}, Bytes{7}, {}, {}})};
  Round round;
  for (const auto& collective : all) {
    for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
      std::multiset<std::pair<Rank, Rank>> sent, received;
      for (Rank rank = 0; rank < 5; ++rank) {
        collective->round(rank, index, round);
        for (const auto& send : round.sends) sent.emplace(rank, send.peer);
        for (const auto& receive : round.receives) received.emplace(receive.peer, rank);
      }
      CHECK(sent == received);
    }
  }
}

TEST_CASE("an all-gather takes every part over N-1 links and skips empty ones", "[collectives]") {
  // Part p is sent by ranks p, p+1, ..., p+N-2: by all but the one before its owner.
  const auto collective = make_ring_all_gather({Bytes{10}, {}, Bytes{7}, {}});
  CHECK(total_bytes(*collective) == Bytes{3 * 17});
  CHECK(bytes_sent(*collective) == std::vector<std::uint64_t>{17, 10, 17, 7});
  Round round;
  collective->round(1, 0, round);  // rank 1 starts with its own part, which is empty
  CHECK(round.sends.empty());
  CHECK(round.receives.size() == 1);
}

TEST_CASE("an unknown collective is an error that names the nearest", "[collectives]") {
  CHECK_THROWS_WITH(
      find_collective("rnig"),
      "--collective: unknown collective \"rnig\" (did you mean \"ring\"?); accepted: ring");
}
