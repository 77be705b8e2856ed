// Programs on many topologies at once give what they give on each, bit for bit.
#include "base/random.hpp"
#include "sim/collectives/pipelined_all_gather.hpp"
#include "sim/recurrence/lane_kernels.hpp"
#include "tests/sim/recurrence/heard.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

using namespace ringsim;
using namespace ringsim::test;

namespace {

std::optional<std::vector<Heard>> side_by_side(const std::vector<Topology>& topologies,
                                               const Phases& phases) {
  std::vector<Heard> heard(topologies.size());
  std::vector<const Topology*> pointers;
  std::vector<Observer> observers;
  for (std::size_t i = 0; i < topologies.size(); ++i) {
    pointers.push_back(&topologies[i]);
    observers.push_back(hearing(heard[i]));
  }
  const auto results =
      find_backend("recurrence").run_side_by_side(pointers, make_program(phases), observers);
  if (!results) {
    for (const auto& each : heard) CHECK(each.events.empty());
    return std::nullopt;
  }
  for (std::size_t i = 0; i < topologies.size(); ++i) hear(results->at(i), heard[i]);
  return heard;
}

Heard alone(const Topology& topology, const Phases& phases) {
  Heard heard;
  const auto result = run_recurrence(topology, make_program(phases), hearing(heard));
  hear(result, heard);
  return heard;
}

Phases all_ranks(Rank ranks, const std::vector<std::shared_ptr<const Collective>>& collectives,
                 Random& random) {
  Phases phases(ranks, {{}});
  std::uint64_t step = 0;
  for (const auto& collective : collectives) {
    for (auto& rank : phases) {
      rank[0].emplace_back(Delay{{1e-4 * random.uniform()}, DelayKind::compute, step});
      rank[0].emplace_back(Mark{MarkKind::gradient_ready, step, 0});
      rank[0].emplace_back(call(collective, step));
      if (step % 2 == 1) rank[0].emplace_back(Delay{{1e-5}, DelayKind::compress, step});
      rank[0].emplace_back(Mark{MarkKind::exchange_done, step, 0});
    }
    ++step;
  }
  return phases;
}

std::vector<Bytes> some_parts(Rank ranks, std::uint64_t one_in, Random& random) {
  std::vector<Bytes> parts(ranks);
  for (auto& part : parts) part = Bytes{random.below(one_in) == 0 ? 1 + random.below(50'000) : 0};
  parts[random.below(ranks)] = Bytes{50'001};
  return parts;
}

/// Rings, or switches, of links of their own, or equal ones.
std::vector<Topology> networks(Rank ranks, std::size_t count, bool is_switch, Random& random) {
  std::vector<Topology> all;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_equal = i % 2 == 0;
    std::vector<Link> links;
    const double bandwidth = 1e8 + 1e9 * random.uniform(), latency = 1e-5 * random.uniform();
    for (Rank rank = 0; rank < ranks; ++rank) {
      links.push_back({"link" + std::to_string(rank),
                       {is_equal ? bandwidth : 1e8 + 1e9 * random.uniform()},
                       {is_equal ? latency : 1e-5 * random.uniform()}});
    }
    all.push_back(is_switch ? switch_topology("star", links) : ring_topology("ring", links));
  }
  return all;
}

}  // namespace

TEST_CASE("lanes give what single runs give, bit for bit", "[side_by_side]") {
  for (const Rank ranks : {2, 3, 8, 31, 64, 65, 255}) {
    Random random(ranks, Purpose::compute_jitter);
    auto unequal = std::vector<Bytes>(ranks);
    for (auto& part : unequal) part = Bytes{1 + random.below(100'000)};
    const AllReduceRequest request{ranks, 1'000'003, Bytes{4}};
    const auto phases = all_ranks(
        ranks,
        {make_ring_all_reduce(request), make_ring_all_gather(some_parts(ranks, 9, random)),
         make_pipelined_all_gather(some_parts(ranks, 20, random), Bytes{9000}),
         find_collective("allgather").make_all_reduce({ranks, 777, Bytes{4}}),
         make_pipelined_all_gather(some_parts(ranks, ranks, random), Bytes{1300}),
         make_ring_reduce_scatter(ranks, 50, Bytes{4}), make_ring_all_gather(unequal)},
        random);
    // All lanes with some to spare, and one.
    for (const bool is_switch : {false, true}) {
      const std::size_t count = is_switch ? 1 : 11;
      INFO(ranks << " ranks, " << count << " networks");
      const auto topologies = networks(ranks, count, is_switch, random);
      auto together = side_by_side(topologies, phases);
      REQUIRE(together);
      for (std::size_t i = 0; i < count; ++i) {
        // The order of events is that of the ranks.
        auto expected = alone(topologies[i], phases);
        std::ranges::sort(expected.events);
        std::ranges::sort(together->at(i).events);
        check_same(together->at(i), expected);
      }
    }
  }
}

TEST_CASE("lanes begin a call with the first two neighbours that are ready", "[side_by_side]") {
  constexpr Rank ranks = 64;
  Random random(2, Purpose::compute_jitter);
  const auto topologies = networks(ranks, 3, false, random);
  const std::shared_ptr<const Collective> ring = make_ring_all_reduce({ranks, 6400, Bytes{4}});
  for (const Rank early : {0, 31, 63}) {
    INFO("rank " << early << " is ready long before the others");
    Phases phases(ranks, {{Delay{{2e-3}, DelayKind::compute, 0}, call(ring)}});
    phases[early][0][0] = Delay{{1e-6}, DelayKind::compute, 0};
    auto together = side_by_side(topologies, phases);
    REQUIRE(together);
    for (std::size_t i = 0; i < topologies.size(); ++i) {
      auto expected = alone(topologies[i], phases);
      std::ranges::sort(expected.events);
      std::ranges::sort(together->at(i).events);
      check_same(together->at(i), expected);
    }
  }
}

TEST_CASE("what lanes cannot do runs alone", "[side_by_side]") {
  Random random(1, Purpose::compute_jitter);
  const auto refuses = [&](Rank ranks, std::shared_ptr<const Collective> collective,
                           const std::function<void(Topology&)>& change = {}) {
    auto topologies = networks(ranks, 3, false, random);
    if (change) change(topologies[1]);
    return !side_by_side(topologies, all_ranks(ranks, {std::move(collective)}, random));
  };
  const auto ring = [](Rank ranks, std::uint32_t directions = 1) {
    AllReduceRequest request{ranks, 1000, Bytes{4}};
    request.directions = directions;
    return make_ring_all_reduce(request);
  };
  CHECK_FALSE(refuses(64, ring(64)));
  // In pieces of the ring, and with contention.
  CHECK(refuses(256, ring(256)));
  CHECK(refuses(64, find_collective("tree").make_all_reduce({64, 1000, Bytes{4}})));
  CHECK(refuses(64, ring(64, 2)));
  CHECK(refuses(64, std::make_shared<OneMessage>(64, 0, 5, Bytes{8})));
  // A topology that is not like the others.
  CHECK(refuses(64, ring(64), [](Topology& topology) {
    Link link = topology.links()[3];
    LinkExtras extras;
    extras.profile = {{Seconds{1}, BytesPerSecond{1e6}}};
    link.extras = std::make_shared<LinkExtras>(extras);
    topology.set_link(3, link);
  }));
  CHECK(refuses(64, ring(64), [](Topology& topology) { topology = uniform_ring(65, 1e9, 0); }));
  // A small ring takes so many messages that a single run sums up its critical path on the way.
  const auto times = [&](std::size_t count) {
    const std::vector<std::shared_ptr<const Collective>> calls(count, ring(63));
    return all_ranks(63, calls, random);
  };
  CHECK(side_by_side(networks(63, 2, false, random), times(4)));
  CHECK_FALSE(side_by_side(networks(63, 2, false, random), times(5)));
  // The same where the ranks do that much by themselves: 62,496 pieces of messages, and 4,032 more.
  auto busy = times(4);
  for (auto& rank : busy) rank[0].insert(rank[0].end(), 50, Delay{{1e-6}, DelayKind::compute, 0});
  CHECK_FALSE(side_by_side(networks(63, 2, false, random), busy));
  // Ranks that do not do the same, and streams that wait for each other.
  auto apart = all_ranks(64, {ring(64), ring(64)}, random);
  apart[5][0].pop_back();
  CHECK(side_by_side(networks(64, 2, false, random), apart));
  for (auto& rank : apart) rank.emplace_back();
  CHECK_FALSE(side_by_side(networks(64, 2, false, random), apart));
}

TEST_CASE("every instruction set gives the same lanes", "[side_by_side]") {
  using namespace lane_kernels;
  constexpr std::size_t n = 67, rounds = 140;
  Random random(3, Purpose::compute_jitter);
  const auto drawn = [&](std::size_t count) {
    std::vector<Lanes> values(count);
    for (auto& each : values) {
      for (auto& value : each.value) value = random.uniform();
    }
    return values;
  };
  const auto start = drawn(n), duration = drawn(2 * n), latency = drawn(n), transfer = drawn(3);
  std::vector<std::uint32_t> kinds(2 * n), round_end;
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = i % n % 3 == 0;
  std::vector<PiecedMessage> messages;
  for (std::uint32_t round = 0; round < 50; ++round) {
    for (Rank rank = 0; rank < n; ++rank) {
      if (random.below(3) != 0)
        messages.push_back({rank, static_cast<Rank>((rank + 1) % n), rank % 3});
    }
    round_end.push_back(static_cast<std::uint32_t>(messages.size()));
  }
  const auto all = available();
  std::vector<std::vector<Lanes>> results;
  for (const auto& kernels : all) {
    auto whole = start, pieces = start, busy = start;
    std::vector<Lanes> history(rounds * n), posted(2 * messages.size()), scratch(n);
    kernels.whole({n, rounds, duration.data(), kinds.data()}, whole.data(), history.data());
    Lanes first_start = start[0];
    kernels.pieces({messages, round_end, latency.data(), transfer.data()},
                   {pieces.data(), busy.data(), &first_start, posted.data(), scratch.data()});
    auto& result = results.emplace_back(std::vector{first_start});
    for (const auto& part : {whole, history, pieces, busy, posted})
      result.insert(result.end(), part.begin(), part.end());
  }
  for (const auto& result : results) {
    REQUIRE(result.size() == results.front().size());
    for (std::size_t i = 0; i < result.size(); ++i)
      REQUIRE(std::ranges::equal(result[i].value, results.front()[i].value));
  }
  // The last one is plain code's.
  std::vector<Lanes> s = start, e(n);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      for (std::size_t i = 0; i < n; ++i) {
        const auto kind = kinds[(i + n - round % n) % n];
        e[i].value[lane] = s[i].value[lane] + duration[kind * n + i].value[lane];
      }
      for (std::size_t i = 0; i < n; ++i) {
        s[i].value[lane] = std::max(
            {e[(i + n - 1) % n].value[lane], e[i].value[lane], e[(i + 1) % n].value[lane]});
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i)
    REQUIRE(std::ranges::equal(results.back()[1 + i].value, s[i].value));
}
