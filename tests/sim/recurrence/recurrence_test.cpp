#include "base/error.hpp"
#include "base/random.hpp"
#include "tests/random_cases.hpp"
#include "tests/sim/backend/random_case.hpp"
#include "tests/sim/backend/recorded.hpp"
#include "topologies/kinds/hierarchical.hpp"
#include "topologies/kinds/ring.hpp"
#include "topologies/kinds/switch.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <set>
#include <span>
#include <vector>

using namespace ringsim;
using namespace ringsim::test;

namespace {

bool are_equal(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    // 1e-9 relative; differences of times (busy) may be rounding errors of the times.
    if (std::fabs(a[i] - b[i]) > 1e-9 * std::fabs(b[i]) + 1e-15) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("recurrence equals simgrid wherever it says that it is exact", "[recurrence]") {
  load_simgrid();
  const std::uint64_t part = GENERATE(range<std::uint64_t>(0, random_cases(6)));
  int exact = 0, refused = 0;
  std::set<std::string_view> names;
  for (std::uint64_t seed = 250 * part; seed < 250 * (part + 1); ++seed) {
    const RandomCase drawn(seed);
    const auto& topology = *drawn.topology;
    if (find_contention(topology, make_program(drawn.phases))) {
      ++refused;
      continue;
    }
    ++exact;
    names.insert(drawn.collectives.begin(), drawn.collectives.end());
    const auto simgrid =
        run_child([&] { return record(run_simgrid, topology, make_program(drawn.phases), true); });
    INFO("seed " << seed << ": " << simgrid.error);
    REQUIRE(simgrid.error.empty());
    REQUIRE(are_equal(record(run_recurrence, topology, make_program(drawn.phases), true),
                      simgrid.values));
    // Without an observer of transfers whole collectives are run in one go.
    const auto fast = record(run_recurrence, topology, make_program(drawn.phases), false);
    const auto brief =
        run_child([&] { return record(run_simgrid, topology, make_program(drawn.phases), false); });
    REQUIRE(are_equal(fast, brief.values));
  }
  INFO(exact << " exact, " << refused << " refused");
  CHECK(exact >= 75);
  CHECK(refused >= 10);
  // There are 11 names (a single message counts too).
  CHECK(names.size() >= 9);
}

TEST_CASE("every collective is exact on a topology that suits it", "[recurrence]") {
  // Unequal links, and ranks that begin at different times. On a switch each rank has one message
  // up and one down at a time; a tree of three has links of its own in a ring of three; nodes of
  // GPUs with a card each have as many ways out as rings between them.
  const auto links = [](Random& random, Rank count) {
    std::vector<Link> drawn;
    for (Rank i = 0; i < count; ++i) {
      drawn.push_back(
          {"link" + std::to_string(i), {1e8 + 1e9 * random.uniform()}, {1e-4 * random.uniform()}});
    }
    return drawn;
  };
  const auto ring = [&](Random& random, Rank ranks) {
    return ring_topology("ring", links(random, ranks));
  };
  const auto star = [&](Random& random, Rank ranks) {
    return switch_topology("star", links(random, ranks));
  };
  const auto nodes = [&](Random& random, Rank ranks) {
    const auto two = links(random, 2);
    return hierarchical_topology("nodes",
                                 {ranks / 4, 4, two[0], two[1], NicPlacement::per_gpu, {}});
  };
  struct Case {
    const char* collective;
    std::function<Topology(Random&, Rank)> topology;
    std::vector<Rank> ranks;
  };
  const std::vector<Case> cases = {{"ring", ring, {2, 5, 16, 64}},
                                   {"ring", star, {2, 5, 16, 64}},
                                   {"allgather", ring, {2, 5, 16}},
                                   {"pairwise", star, {2, 5, 16}},
                                   {"halving-doubling", star, {2, 5, 16, 23}},
                                   {"tree", ring, {2, 3}},
                                   {"hierarchical", nodes, {4, 8, 32}}};
  for (const auto& [name, make, sizes] : cases) {
    for (const Rank ranks : sizes) {
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        Random random(seed, Purpose::compute_jitter, ranks);
        const auto topology = make(random, ranks);
        AllReduceRequest request{ranks, 10'000 + random.below(1'000'000), Bytes{4}};
        request.ranks_per_node = topology.gpus_per_node();
        const auto all_reduce = call(find_collective(name).make_all_reduce(request));
        Phases phases(ranks, {{}});
        for (auto& rank : phases) rank[0] = {Delay{{1e-3 * random.uniform()}}, all_reduce};
        INFO(name << " on " << topology.name() << ", " << ranks << " ranks, seed " << seed);
        REQUIRE_FALSE(find_contention(topology, make_program(phases)));
        const auto simgrid =
            run_child([&] { return record(run_simgrid, topology, make_program(phases), true); });
        INFO(simgrid.error);
        REQUIRE(are_equal(record(run_recurrence, topology, make_program(phases), true),
                          simgrid.values));
      }
    }
  }
}

TEST_CASE("the critical path through a ring in one go is the one from message to message",
          "[recurrence]") {
  // Transfers are reported one by one alone, so an observer of them has the ring go round by round.
  // The largest take minutes with sanitizers.
  const std::vector<Rank> sizes = {64, 65, 255, 300, 777};
  for (const Rank ranks : std::span(sizes).first(2 + random_cases(3))) {
    for (const bool equal : {true, false}) {
      Random random(ranks, Purpose::compute_jitter, equal);
      std::vector<double> bandwidth, latency;
      std::vector<Bytes> parts;
      // The calls are on the only stream, or on the second one.
      const StreamId stream = equal ? 0 : 1;
      Phases phases(ranks, std::vector<std::vector<Phase>>(stream + std::size_t{1}));
      for (Rank rank = 0; rank < ranks; ++rank) {
        bandwidth.push_back(equal ? 1e9 : 1e8 + 1e9 * random.uniform());
        latency.push_back(equal ? 1e-5 : 1e-4 * random.uniform());
        parts.push_back({1 + random.below(100'000)});
      }
      const auto all_reduce = call(make_ring_all_reduce(ranks, 1'000'003, Bytes{4}));
      const auto all_gather = call(make_ring_all_gather(parts), 1);
      for (auto& rank : phases) {
        rank[stream] = {Delay{{1e-3 * random.uniform()}}, all_reduce,
                        Delay{{1e-3 * random.uniform()}, DelayKind::compress}, all_gather,
                        all_reduce};
      }
      auto topology = make_ring(bandwidth, latency);
      if (equal) {
        // Messages of one piece are run in one go too; the parts of the all-gather are of both.
        Link link = topology.links()[7];
        LinkExtras extras;
        extras.pieces = {{Bytes{2000}, Seconds{2e-5}, BytesPerSecond{0.5e9}}};
        link.extras = std::make_shared<LinkExtras>(extras);
        topology.set_link(7, link);
      }
      const auto path_of = [&](const Observer& observer) {
        return run_recurrence(topology, make_program(phases), observer).critical_path->times;
      };
      const auto together = path_of({.wants_critical_path = true});
      const auto apart =
          path_of({.on_transfer = [](const TransferEvent&) {}, .wants_critical_path = true});
      INFO(ranks << " ranks, equal: " << equal);
      const auto are_close = [](Seconds a, Seconds b) {
        return std::fabs(a.value - b.value) <= 1e-9 * b.value;
      };
      REQUIRE(together.local.size() == apart.local.size());
      for (const auto& [key, time] : apart.local) CHECK(are_close(together.local.at(key), time));
      REQUIRE(together.from_to.size() == apart.from_to.size());
      for (const auto& [key, time] : apart.from_to) {
        CHECK(are_close(together.from_to.at(key).latency, time.latency));
        CHECK(are_close(together.from_to.at(key).transfer, time.transfer));
      }
    }
  }
}

TEST_CASE("groups of ranks have communicators of their own", "[recurrence]") {
  // Ranks 3, 0, 5 in this order, and 4, 1, 2; then all six on another stream. On a switch: 2 rounds
  // of (N-1) chunks, two links of 1 ms each; 1e6 B/s.
  const auto group = [](std::vector<Rank> members) {
    return std::make_shared<Group>(std::move(members));
  };
  const auto first = group({3, 0, 5}), second = group({4, 1, 2});
  const auto of_three = make_ring_all_reduce(3, 3000, Bytes{4});
  const auto of_six = make_ring_all_reduce(6, 6000, Bytes{4});
  Phases phases(6, {{}, {}});
  for (Rank rank = 0; rank < 6; ++rank) {
    const auto& own = first->position(rank) ? first : second;
    phases[rank][0] = {CollectiveCall{of_three, 0, "values", 0, own}, Record{1}};
    phases[rank][1] = {WaitEvent{1}, CollectiveCall{of_six, 1, "values", 0}};
  }
  const auto topology = switch_topology("switch", std::vector<Link>(6, {"host", {1e6}, {1e-3}}));
  REQUIRE_FALSE(find_contention(topology, make_program(phases)));
  // 4 * (2 ms + 4 ms) + 10 * (2 ms + 4 ms)
  CHECK(run_recurrence(topology, make_program(phases), {}).end.value ==
        Approx(84e-3).epsilon(1e-9));
  const auto simgrid =
      run_child([&] { return record(run_simgrid, topology, make_program(phases), true); });
  INFO(simgrid.error);
  CHECK(are_equal(record(run_recurrence, topology, make_program(phases), true), simgrid.values));
}

TEST_CASE("what recurrence refuses is slower in simgrid", "[recurrence]") {
  // The first transfer of the two that are named, at least one of the two, ends later there than
  // latency + bytes/bandwidth after its start.
  int refused = 0;
  for (std::uint64_t seed = 0; refused < static_cast<int>(random_cases(60)); ++seed) {
    const RandomCase drawn(seed);
    const auto& topology = *drawn.topology;
    const auto contention = find_contention(topology, make_program(drawn.phases));
    if (!contention) continue;
    // Where bandwidths change, the check is on the safe side.
    const auto varies = [&](const TransferEvent& transfer) {
      return topology.route(transfer.source, transfer.target).varies;
    };
    if (varies(contention->first) || varies(contention->second)) continue;
    ++refused;
    const auto slowed = run_child([&] {
      double most = 0;
      run_simgrid(topology, make_program(drawn.phases),
                  {.on_transfer = [&](const TransferEvent& event) {
                    const auto route = topology.route(event.source, event.target);
                    const auto cost = topology.cost(route, event.bytes);
                    const Seconds alone =
                        flow_end(topology.capacity_over_time(route), event.start + cost.latency,
                                 cost.work, topology.after_outage()) -
                        event.start;
                    most = std::max(most, (event.end - event.start - alone) / alone);
                  }});
      return std::vector<double>{most};
    });
    INFO("seed " << seed << ": " << describe(*contention, topology) << slowed.error);
    REQUIRE(slowed.values.size() == 1);
    CHECK(slowed.values[0] > 1e-11);
  }
}

TEST_CASE("transfers that share a link are an error that names them", "[recurrence]") {
  // Both flow over link 1 from 1 ms (0>2: two latencies; 1>2 starts after 0.5 ms) on.
  const auto topology = make_ring({1e9, 1e9, 1e9, 1e9, 1e9}, {5e-4, 5e-4, 5e-4, 5e-4, 5e-4});
  Phases phases(5, {{}, {}});
  phases[0] = {{message(5, 0, 2, 1'000'000)}, {}};
  phases[1] = {{}, {Delay{{5e-4}}, message(5, 1, 2, 1'000'000)}};
  phases[2] = {{message(5, 0, 2, 1'000'000)}, {message(5, 1, 2, 1'000'000)}};
  const std::string others = find_backend("simgrid").unavailable() ? "fluid" : "fluid, simgrid";
  CHECK_THROWS_WITH(run_recurrence(topology, make_program(phases), {}),
                    "`backend`: recurrence is not exact here, since transfers slow each other: 0>2 "
                    "(values, step 0, round 0) and 1>2 (values, step 0, round 0) share link "
                    "\"link1\"; " +
                        others + " and auto are accepted");
}

TEST_CASE("rates that fit a link do not slow each other", "[recurrence]") {
  // Link 0 has room for what passes links 1 and 4 at once: 0.4e9 + 0.6e9 B/s.
  const auto topology = make_ring({1e9, 0.4e9, 1e9, 1e9, 0.6e9}, {0, 0, 0, 0, 0});
  const auto phases_with = [](std::uint64_t second) {
    Phases phases(5, {{}, {}});
    phases[0] = {{message(5, 0, 2, 400'000)}, {}};  // links 0 and 1: 1 ms
    phases[4] = {{}, {message(5, 4, 1, second)}};   // links 4 and 0: 1 ms
    phases[2] = {{message(5, 0, 2, 400'000)}, {}};
    phases[1] = {{}, {message(5, 4, 1, second)}};
    return phases;
  };
  const auto fits = phases_with(600'000);
  const auto result = run_recurrence(topology, make_program(fits), {});
  CHECK(result.end.value == Approx(1e-3).epsilon(1e-9));
  CHECK(result.links[0].busy.value == Approx(1e-3).epsilon(1e-9));
  const auto slightly_slower = make_ring({0.999e9, 0.4e9, 1e9, 1e9, 0.6e9}, {0, 0, 0, 0, 0});
  CHECK(find_contention(slightly_slower, make_program(fits))->link == 0);
}

TEST_CASE("recurrence names the blocked rank as simgrid does", "[recurrence]") {
  const auto error_of = [](RunFunction backend, const Phases& phases) {
    const auto ranks = static_cast<Rank>(phases.size());
    return run_child([&] {
             backend(uniform_ring(ranks, 1e9, 1e-6), make_program(phases), {});
             return std::vector<double>();
           })
        .error;
  };
  std::vector<Phases> all;
  all.push_back({{{Delay{{0.5}}}}, {{Delay{{0.25}}, message(3, 0, 1, 8)}}, {{}}});
  all.push_back({{{message(2, 0, 1, 8)}}, {{}}});
  all.push_back({{{}, {}}, {{}, {WaitEvent{3}}}});
  // A rank that does not come to an all-reduce.
  const auto all_reduce = call(make_ring_all_reduce(4, 1000, Bytes{4}));
  all.push_back({{{all_reduce}}, {{all_reduce}}, {{Delay{{1e-3}}, all_reduce}}, {{}}});
  for (const auto& phases : all) {
    const auto expected = error_of(run_simgrid, phases);
    CHECK(expected.find("the program cannot finish") == 0);
    CHECK(error_of(run_recurrence, phases) == expected);
  }
}

TEST_CASE("a rank that waits for the others in a ring has not forgotten who used its link",
          "[recurrence]") {
  // Ranks 1 and 2 begin the all-reduce at once, so that 1>2 flows over link 1 at 0 s, as the first
  // message of 1 MB from 0 to 3 does; ranks 0 and 3 come after the second one, at 2 ms. The rest
  // of the all-reduce meets nobody.
  const Phases phases(7, {{message(7, 0, 3, 1'000'000), message(7, 0, 3, 1'000'000),
                           call(make_ring_all_reduce(7, 700, Bytes{4}), 1)}});
  const auto topology = uniform_ring(7, 1e9, 1e-7);
  const auto contention = find_contention(topology, make_program(phases));
  REQUIRE(contention);
  CHECK(describe(*contention, topology) ==
        "0>3 (values, step 0, round 0) and 1>2 (values, step 1, round 0) share link \"link1\"");
}
