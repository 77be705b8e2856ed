// What NCCL's collectives move: sums and parts arrive where they have to, in every arrangement.
#include "sim/collectives/nccl.hpp"

#include "base/error.hpp"
#include "tests/sim/collectives/execute.hpp"
#include "tests/sim/collectives/nccl_links.hpp"

#include <numeric>
#include <string>

using namespace ringsim;
using namespace ringsim::test;

namespace {

using nccl::Algorithm;

Buffers random_buffers(Rank ranks, std::size_t elements) {
  Random random(ranks, Purpose::batch_order);
  Buffers buffers(ranks, std::vector<std::int64_t>(elements));
  for (auto& buffer : buffers) {
    for (auto& value : buffer) value = static_cast<std::int64_t>(random.below(1000));
  }
  return buffers;
}

std::vector<NcclCase> arrangements(Algorithm forced) {
  std::vector<NcclCase> all;
  for (const auto& [nodes, per_node] : std::vector<std::pair<Rank, Rank>>{
           {1, 2}, {1, 5}, {1, 8}, {2, 1}, {3, 1}, {8, 1}, {2, 4}, {3, 2}, {4, 3}, {5, 2}}) {
    for (const bool has_card_per_gpu : {true, false})
      all.push_back({.nodes = nodes,
                     .per_node = per_node,
                     .has_card_per_gpu = has_card_per_gpu,
                     .forced = forced});
  }
  return all;
}

void check_all_reduce(const NcclCase& of, std::size_t elements) {
  const auto request = of.request(elements);
  INFO(of.nodes << " nodes of " << of.per_node << ", " << elements);
  REQUIRE(nccl_all_reduce_choice(request).algorithm == of.forced);
  auto buffers = random_buffers(of.ranks(), elements);
  std::vector<std::int64_t> sum(elements);
  for (const auto& buffer : buffers) {
    for (std::size_t i = 0; i < elements; ++i) sum[i] += buffer[i];
  }
  const auto collective = make_nccl_all_reduce(request);
  execute_both_ways(*collective, buffers);
  for (const auto& buffer : buffers) REQUIRE(buffer == sum);
  CHECK(collective->total_bytes() == 2 * (of.ranks() - 1) * Bytes{4 * elements});
}

}  // namespace

TEST_CASE("NCCL's rings add up all buffers", "[nccl]") {
  for (const auto& of : arrangements(Algorithm::ring)) {
    check_all_reduce(of, 1000);
    check_all_reduce(of, 3);
  }
}

TEST_CASE("NCCL's trees add up all buffers", "[nccl]") {
  for (const auto& of : arrangements(Algorithm::tree)) {
    check_all_reduce(of, 1000);
    check_all_reduce(of, 3);
  }
  // Several pieces: of 96 KiB inside a node, in each round or in every second one, of 8 KiB between
  // nodes.
  for (const bool meets_at_gpus : {true, false}) {
    check_all_reduce(
        {.nodes = 1, .per_node = 3, .forced = Algorithm::tree, .meets_at_gpus = meets_at_gpus},
        60'000);
  }
  check_all_reduce({.nodes = 4, .per_node = 2, .forced = Algorithm::tree}, 9'000);
  check_all_reduce({.nodes = 5, .per_node = 1, .forced = Algorithm::tree}, 9'000);
}

TEST_CASE("each rank ends NCCL's reduce-scatter with a chunk that is summed", "[nccl]") {
  for (const auto& of : arrangements(Algorithm::ring)) {
    constexpr std::size_t elements = 500;
    INFO(of.nodes << " nodes of " << of.per_node);
    auto buffers = random_buffers(of.ranks(), elements);
    const auto before = buffers;
    const auto collective = make_nccl_reduce_scatter(of.request(elements));
    execute_both_ways(*collective, buffers);
    CHECK(collective->total_bytes() == (of.ranks() - 1) * Bytes{4 * elements});
    // Every element is summed on one rank at least.
    for (std::size_t i = 0; i < elements; ++i) {
      std::int64_t sum = 0;
      bool is_somewhere = false;
      for (const auto& buffer : before) sum += buffer[i];
      for (const auto& buffer : buffers) is_somewhere = is_somewhere || buffer[i] == sum;
      REQUIRE(is_somewhere);
    }
  }
}

TEST_CASE("NCCL's all-gather brings every part to every rank", "[nccl]") {
  for (const auto& of : arrangements(Algorithm::ring)) {
    INFO(of.nodes << " nodes of " << of.per_node);
    // Parts of 0, 8, 16, ... elements: whole ones in every lane of 1, 2 and 4.
    std::vector<Bytes> parts;
    std::size_t elements = 0;
    for (Rank rank = 0; rank < of.ranks(); ++rank) {
      parts.push_back(Bytes{4 * std::uint64_t{24} * rank});
      elements += 24 * std::size_t{rank};
    }
    Buffers buffers(of.ranks(), std::vector<std::int64_t>(elements));
    std::vector<std::int64_t> whole(elements);
    std::iota(whole.begin(), whole.end(), 1);
    std::size_t begin = 0;
    for (Rank rank = 0; rank < of.ranks(); ++rank) {
      const std::size_t end = begin + 24 * std::size_t{rank};
      for (std::size_t i = begin; i < end; ++i) buffers[rank][i] = whole[i];
      begin = end;
    }
    const auto collective = make_nccl_all_gather(parts, of.request(0));
    execute_both_ways(*collective, buffers);
    for (const auto& buffer : buffers) REQUIRE(buffer == whole);
    CHECK(collective->total_bytes() == (of.ranks() - 1) * Bytes{4 * elements});
  }
}

TEST_CASE("NCCL's broadcast brings the root's buffer to every rank", "[nccl]") {
  for (const auto& of : arrangements(Algorithm::ring)) {
    for (const Rank root : {Rank{0}, of.ranks() / 2, of.ranks() - 1}) {
      INFO(of.nodes << " nodes of " << of.per_node << ", from " << root);
      constexpr std::size_t elements = 400;
      auto buffers = random_buffers(of.ranks(), elements);
      const auto sent = buffers[root];
      const auto collective = make_nccl_broadcast(of.request(elements), root);
      execute_both_ways(*collective, buffers);
      for (const auto& buffer : buffers) REQUIRE(buffer == sent);
      CHECK(collective->total_bytes() == (of.ranks() - 1) * Bytes{4 * elements});
    }
  }
}

TEST_CASE("NCCL's collectives need whole nodes", "[nccl]") {
  auto request = NcclCase{.nodes = 4, .per_node = 8}.request(100);
  request.ranks = 12;
  CHECK_THROWS_WITH(make_nccl_all_reduce(request),
                    "`ranks`: found 12; a multiple of 8, the GPUs of a node, is accepted with "
                    "`collective` nccl");
}
