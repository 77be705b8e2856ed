// What collectives leave in the buffers, and how much they send.
#include "sim/collectives/pipelined_all_gather.hpp"
#include "tests/sim/collectives/execute.hpp"

#include <algorithm>
#include <bit>

using namespace ringsim;
using namespace ringsim::test;

namespace {

Buffers random_buffers(Rank ranks, std::size_t elements) {
  Random random(ranks, Purpose::batch_order, 0, elements);
  Buffers buffers(ranks, std::vector<std::int64_t>(elements));
  for (auto& buffer : buffers) {
    for (auto& value : buffer) value = static_cast<std::int64_t>(random.below(1'000'000));
  }
  return buffers;
}

std::vector<std::int64_t> sum_of(const Buffers& buffers) {
  auto sum = buffers.front();
  for (std::size_t rank = 1; rank < buffers.size(); ++rank) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += buffers[rank][i];
  }
  return sum;
}

void check_sums(const Collective& collective, std::size_t elements) {
  INFO(collective.name() << " of " << elements << " elements on " << collective.ranks());
  auto buffers = random_buffers(collective.ranks(), elements);
  const auto sum = sum_of(buffers);
  execute_both_ways(collective, buffers);
  for (const auto& buffer : buffers) REQUIRE(buffer == sum);
}

const std::vector<Rank> some_ranks = {2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                      12, 13, 14, 15, 16, 17, 31, 32, 33, 64};
std::vector<std::size_t> some_sizes(Rank ranks) {
  return {0, 1, ranks - 1U, ranks, ranks + 1U, 1000};
}

}  // namespace

TEST_CASE("executing in any order notices deadlocks and receives over what is sent",
          "[collectives]") {
  /// Two ranks give each other their only element: both in one round, or one side a round later.
  class Exchange final : public Collective {
   public:
    explicit Exchange(std::uint32_t receive_in) : receive_in_(receive_in) {}
    std::string_view name() const override { return "exchange"; }
    Rank ranks() const override { return 2; }
    std::uint32_t rounds() const override { return receive_in_ + 1; }
    Bytes total_bytes() const override { return 2 * element; }
    void round(Rank rank, std::uint32_t index, Round& round) const override {
      round.clear();
      if (index == 0) round.sends.push_back({1 - rank, element});
      if (index == receive_in_) round.receives.push_back({1 - rank, element});
    }

   private:
    std::uint32_t receive_in_;
  };
  Buffers buffers = {{1}, {2}};
  execute(Exchange(0), buffers);
  CHECK(buffers == Buffers{{2}, {1}});
  CHECK(Rendezvous(Exchange(0), buffers, 1).run());
  CHECK(buffers[0] == buffers[1]);
  CHECK_FALSE(Rendezvous(Exchange(1), buffers, 1).run());
}

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

TEST_CASE("every all-reduce leaves the sum on every rank", "[collectives]") {
  for (const std::string_view name : {"ring", "tree", "halving-doubling", "pairwise"}) {
    const auto& definition = find_collective(name);
    for (const Rank ranks : some_ranks) {
      for (const std::size_t elements : some_sizes(ranks)) {
        AllReduceRequest request{ranks, elements, element};
        request.chunk = Bytes{100};
        check_sums(*definition.make_all_reduce(request), elements);
      }
    }
  }
}

TEST_CASE("rings in two directions and several channels leave the sum", "[collectives]") {
  for (const Rank ranks : some_ranks) {
    for (const std::uint32_t directions : {1U, 2U}) {
      for (const std::uint32_t channels : {1U, 2U, 3U}) {
        AllReduceRequest request{ranks, 1000, element};
        request.directions = directions;
        request.channels = channels;
        check_sums(*make_ring_all_reduce(request), 1000);
      }
    }
  }
  // Both ways round carry half each.
  AllReduceRequest request{5, 1000, element};
  request.directions = 2;
  Round round;
  make_ring_all_reduce(request)->round(3, 0, round);
  REQUIRE(round.sends.size() == 2);
  CHECK(round.sends[0].peer == 4);
  CHECK(round.sends[1].peer == 2);
  CHECK(round.sends[0].bytes == Bytes{400});
  CHECK(round.sends[1].bytes == Bytes{400});
}

TEST_CASE("hierarchical all-reduces leave the sum, and send between the nodes what they must",
          "[collectives]") {
  const auto& definition = find_collective("hierarchical");
  for (const auto& [nodes, gpus] :
       std::vector<std::pair<Rank, Rank>>{{1, 2}, {1, 8}, {2, 2}, {2, 4}, {3, 4}, {4, 8}, {5, 3}}) {
    for (const std::size_t elements : some_sizes(nodes * gpus)) {
      AllReduceRequest request{nodes * gpus, elements, element};
      request.ranks_per_node = gpus;
      const auto collective = definition.make_all_reduce(request);
      check_sums(*collective, elements);
      // A ring between the nodes for each GPU's part: together 2 (nodes-1) buffers.
      Bytes between;
      Round round;
      for (Rank rank = 0; rank < collective->ranks(); ++rank) {
        for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
          collective->round(rank, index, round);
          for (const auto& send : round.sends) {
            if (send.peer / gpus != rank / gpus) between += send.bytes;
          }
        }
      }
      CHECK(between == 2 * (nodes - 1) * elements * element);
    }
  }
  AllReduceRequest request{10, 100, element};
  CHECK_THROWS_WITH(definition.make_all_reduce(request),
                    "`collective`: hierarchical needs nodes of several GPUs; a topology of the "
                    "kind hierarchical is accepted with it");
  request.ranks_per_node = 4;
  CHECK_THROWS_WITH(definition.make_all_reduce(request),
                    "`ranks`: found 10; a multiple of 4, the GPUs of a node, is accepted with "
                    "`collective` hierarchical");
}

TEST_CASE("a reduce-scatter leaves chunk i+1 summed on rank i", "[collectives]") {
  for (const Rank ranks : some_ranks) {
    for (const std::size_t elements : some_sizes(ranks)) {
      const auto collective = make_ring_reduce_scatter(ranks, elements, element);
      auto buffers = random_buffers(ranks, elements);
      const auto sum = sum_of(buffers);
      execute_both_ways(*collective, buffers);
      for (Rank rank = 0; rank < ranks; ++rank) {
        const Rank chunk = (rank + 1) % ranks;
        for (std::size_t i = chunk_begin(elements, ranks, chunk);
             i < chunk_begin(elements, ranks, chunk + std::size_t{1}); ++i) {
          REQUIRE(buffers[rank][i] == sum[i]);
        }
      }
      CHECK(collective->total_bytes() == (ranks - 1) * elements * element);
    }
  }
}

TEST_CASE("an all-gather leaves all parts everywhere, equal or not", "[collectives]") {
  for (const Rank ranks : some_ranks) {
    for (const bool equal : {true, false}) {
      Random random(ranks, Purpose::batch_order, equal);
      std::vector<Bytes> parts;
      for (Rank rank = 0; rank < ranks; ++rank)
        parts.push_back((equal ? 10 : random.below(3) * random.below(20)) * element);
      const auto collective = make_ring_all_gather(parts);
      Bytes whole;
      for (const Bytes part : parts) whole += part;
      const std::size_t elements = whole.count / element.count;
      // Each rank has its own part alone.
      const auto all = random_buffers(1, elements).front();
      Buffers buffers(ranks, std::vector<std::int64_t>(elements, -1));
      std::size_t i = 0;
      for (Rank rank = 0; rank < ranks; ++rank) {
        for (std::size_t k = 0; k < parts[rank].count / element.count; ++k, ++i)
          buffers[rank][i] = all[i];
      }
      execute_both_ways(*collective, buffers);
      for (const auto& buffer : buffers) REQUIRE(buffer == all);
      CHECK(collective->total_bytes() == (ranks - 1) * whole);
    }
  }
}

TEST_CASE("an all-gather does not send empty parts", "[collectives]") {
  Round round;
  make_ring_all_gather({Bytes{10}, {}, Bytes{7}, {}})->round(1, 0, round);
  CHECK(round.sends.empty());  // rank 1 starts with its own part
  CHECK(round.receives.size() == 1);
}

TEST_CASE("a pipelined all-gather leaves all parts everywhere", "[collectives]") {
  for (const Rank ranks : some_ranks) {
    for (const std::uint64_t empty : {0U, 1U, 4U}) {  // of five ranks
      // Parts of up to 20 pieces of 8 bytes, which are two elements.
      Random random(ranks, Purpose::batch_order, static_cast<Rank>(empty));
      std::vector<Bytes> parts;
      for (Rank rank = 0; rank < ranks; ++rank)
        parts.push_back((random.below(5) < empty ? 0 : random.below(21)) * Bytes{8});
      const auto collective = make_pipelined_all_gather(parts, Bytes{8});
      CHECK(collective->rounds() == pipelined_rounds(parts, Bytes{8}));
      Bytes whole;
      for (const Bytes part : parts) whole += part;
      const std::size_t elements = whole.count / element.count;
      const auto all = random_buffers(1, elements).front();
      Buffers buffers(ranks, std::vector<std::int64_t>(elements, -1));
      std::size_t i = 0;
      for (Rank rank = 0; rank < ranks; ++rank) {
        for (std::size_t k = 0; k < parts[rank].count / element.count; ++k, ++i)
          buffers[rank][i] = all[i];
      }
      execute_both_ways(*collective, buffers);
      for (const auto& buffer : buffers) REQUIRE(buffer == all);
      CHECK(collective->total_bytes() == (ranks - 1) * whole);
      // The last round is not idle.
      if (collective->rounds() == 0) continue;
      Round round;
      std::size_t sends = 0;
      for (Rank rank = 0; rank < ranks; ++rank) {
        collective->round(rank, collective->rounds() - 1, round);
        sends += round.sends.size();
      }
      CHECK(sends > 0);
    }
  }
}

TEST_CASE("a broadcast takes the root's buffer to all, in pieces that follow one another",
          "[collectives]") {
  for (const Rank ranks : some_ranks) {
    for (const std::size_t elements : some_sizes(ranks)) {
      const Rank root = ranks / 2;
      const auto collective = make_broadcast(ranks, root, elements, element, Bytes{64});
      auto buffers = random_buffers(ranks, elements);
      const auto wanted = buffers[root];
      execute_both_ways(*collective, buffers);
      for (const auto& buffer : buffers) REQUIRE(buffer == wanted);
    }
  }
  // 1000 elements in pieces of 16: 63 pieces; 8 ranks.
  CHECK(make_broadcast(8, 0, 1000, element, Bytes{64})->rounds() == 6 + 63);
}

TEST_CASE("the all-reduce by all-gather passes every buffer on to every rank", "[collectives]") {
  // What it sends is not in the buffer that it adds up, so buffers cannot be followed: whose buffer
  // a rank holds can.
  AllReduceRequest request{5, 10, element};
  const auto collective = find_collective("allgather").make_all_reduce(request);
  std::vector<std::vector<Rank>> seen(5);
  std::vector<Rank> latest(5);
  for (Rank rank = 0; rank < 5; ++rank) seen[rank] = {latest[rank] = rank};
  Round round;
  for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
    const auto before = latest;
    for (Rank rank = 0; rank < 5; ++rank) {
      collective->round(rank, index, round);
      REQUIRE(round.receives.size() == 1);
      CHECK(round.reduced() == 10 * element);
      seen[rank].push_back(latest[rank] = before[round.receives[0].peer]);
    }
  }
  for (auto& buffers : seen) {
    std::sort(buffers.begin(), buffers.end());
    CHECK(buffers == std::vector<Rank>{0, 1, 2, 3, 4});
  }
  CHECK(collective->total_bytes() == 5 * 4 * 10 * element);
}

TEST_CASE("an all-reduce sends 2(N-1) buffers in all, and as many rounds as its source says",
          "[collectives]") {
  // No all-reduce can send less (Patarasuk & Yuan, 2009). Rounds: 2(N-1) in rings and in pairwise
  // exchanges, 2 log2 N and two more for what exceeds a power of two in halving-doubling (Thakur,
  // Rabenseifner & Gropp, 2005), and in a tree its height twice and the pieces but one.
  for (const Rank ranks : some_ranks) {
    const std::size_t elements = 12 * ranks;
    AllReduceRequest request{ranks, elements, element};
    request.chunk = 4 * element;
    const auto log = static_cast<std::uint32_t>(std::bit_width(ranks)) - 1;
    const std::uint32_t surplus = std::has_single_bit(ranks) ? 0 : 2;
    const std::map<std::string_view, std::uint32_t> rounds = {
        {"ring", 2 * (ranks - 1)},
        {"pairwise", 2 * (ranks - 1)},
        {"halving-doubling", 2 * log + surplus},
        {"tree", 2 * log + 3 * ranks - 1}};
    for (const auto& [name, count] : rounds) {
      INFO(name << " on " << ranks);
      const auto collective = find_collective(name).make_all_reduce(request);
      CHECK(collective->rounds() == count);
      CHECK(collective->total_bytes() == 2 * (ranks - 1) * elements * element);
    }
  }
}

TEST_CASE("every rank sends 2(N-1)/N of the buffer where an all-reduce burdens all alike",
          "[collectives]") {
  const auto check = [](const std::shared_ptr<const Collective>& collective, Bytes buffer) {
    INFO(collective->name() << " on " << collective->ranks());
    Round round;
    for (Rank rank = 0; rank < collective->ranks(); ++rank) {
      Bytes sent, reduced;
      for (std::uint32_t index = 0; index < collective->rounds(); ++index) {
        collective->round(rank, index, round);
        for (const auto& send : round.sends) sent += send.bytes;
        reduced += round.reduced();
      }
      REQUIRE(collective->ranks() * sent == 2 * (collective->ranks() - 1) * buffer);
      REQUIRE(collective->ranks() * reduced == (collective->ranks() - 1) * buffer);
    }
  };
  for (const Rank ranks : some_ranks) {
    AllReduceRequest request{ranks, std::size_t{12} * ranks, element};
    const Bytes buffer = request.elements * element;
    check(find_collective("pairwise").make_all_reduce(request), buffer);
    if (std::has_single_bit(ranks))
      check(find_collective("halving-doubling").make_all_reduce(request), buffer);
    for (const Rank gpus : {2U, 3U, 8U}) {
      if (ranks % gpus != 0) continue;
      request.ranks_per_node = gpus;
      check(find_collective("hierarchical").make_all_reduce(request), buffer);
    }
    for (const std::uint32_t directions : {1U, 2U}) {
      for (const std::uint32_t channels : {1U, 2U, 3U}) {
        request.directions = directions;
        request.channels = channels;
        check(make_ring_all_reduce(request), buffer);
      }
    }
  }
}

TEST_CASE("an unknown collective is an error that names the nearest", "[collectives]") {
  CHECK_THROWS_WITH(find_collective("rnig"),
                    "`collective`: unknown collective \"rnig\" (did you mean \"ring\"?); accepted: "
                    "ring, tree, halving-doubling, pairwise, hierarchical, allgather, nccl");
}
