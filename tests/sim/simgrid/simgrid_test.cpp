#include "base/error.hpp"
#include "base/random.hpp"
#include "tests/child.hpp"
#include "tests/sim/backend/programs.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace ringsim;
using namespace ringsim::test;

namespace {

constexpr double tolerance = 1e-9;  // relative

/// An all-reduce on every rank after a delay of its own.
Phases all_reduce_after(const std::vector<double>& delays, std::size_t elements) {
  const auto ranks = static_cast<Rank>(delays.size());
  const auto collective = make_ring_all_reduce(ranks, elements, Bytes{4});
  Phases phases;
  for (const double delay : delays) phases.push_back({{Delay{{delay}}, call(collective)}});
  return phases;
}

double simulated_end(const Topology& topology, const Phases& phases) {
  const auto result = run_child([&] {
    const auto program = make_program(phases);
    return std::vector<double>{run_simgrid(topology, program, {}).end.value};
  });
  INFO(result.error);
  REQUIRE(result.values.size() == 1);
  return result.values[0];
}

}  // namespace

TEST_CASE("a dense exchange on a uniform ring takes 2(N-1)(chunk/B + latency)", "[simgrid]") {
  const Rank ranks = GENERATE(2, 3, 8, 64);
  const std::size_t bytes = GENERATE(64, 1000, 1 << 20, 100'000'000);
  const double bandwidth = 12.5e9, latency = 5e-6;
  // 2(N-1) rounds; in each the largest chunk, ceil(elements/N), sets the time: with chunks that
  // differ, the ranks that have a smaller one wait in the next round for those that had a larger
  // one.
  const std::size_t elements = bytes / 4;
  const std::size_t largest = (elements + ranks - 1) / ranks;
  const double chunk = 4.0 * static_cast<double>(largest);
  const double expected = 2.0 * (ranks - 1) * (chunk / bandwidth + latency);
  const double end = simulated_end(uniform_ring(ranks, bandwidth, latency),
                                   all_reduce_after(std::vector<double>(ranks), elements));
  INFO("N = " << ranks << ", " << bytes << " bytes");
  CHECK(std::fabs(end - expected) <= tolerance * expected);
}

TEST_CASE("a dense exchange on an unequal ring with jitter is the max-plus recurrence",
          "[simgrid]") {
  const Rank ranks = GENERATE(2, 5, 16);
  const std::size_t elements = 100'003;
  Random random(ranks, Purpose::compute_jitter);
  std::vector<double> bandwidth, latency, delay;
  for (Rank i = 0; i < ranks; ++i) {
    bandwidth.push_back(1e8 + 1e9 * random.uniform());
    latency.push_back(1e-6 + 1e-4 * random.uniform());
    delay.push_back(1e-3 * random.uniform());
  }
  // Rank i posts round j's send (over link i) and receive (over link i-1) together and waits for
  // both; a transfer starts when both its sides have posted:  done[i] = max(t[i], t[i+1]) +
  // latency[i] + bytes/bandwidth[i]; t'[i] = max(done[i], done[i-1]).
  std::vector<double> t = delay, done(ranks);
  for (Rank j = 0; j < 2 * (ranks - 1); ++j) {
    for (Rank i = 0; i < ranks; ++i) {
      const Rank chunk = (i + 2 * ranks - j) % ranks;
      const std::size_t held = elements / ranks + (chunk < elements % ranks ? 1 : 0);
      const double size = 4.0 * static_cast<double>(held);
      done[i] = std::max(t[i], t[(i + 1) % ranks]) + latency[i] + size / bandwidth[i];
    }
    for (Rank i = 0; i < ranks; ++i) t[i] = std::max(done[i], done[(i + ranks - 1) % ranks]);
  }
  const double expected = *std::max_element(t.begin(), t.end());
  const double end =
      simulated_end(make_ring(bandwidth, latency), all_reduce_after(delay, elements));
  CHECK(std::fabs(end - expected) <= tolerance * expected);
}

TEST_CASE(
    "bytes on each link are the bytes that its rank sends, and its busy time is bytes/bandwidth",
    "[simgrid]") {
  const Rank ranks = 5;
  const auto topology = uniform_ring(ranks, 1e9, 1e-6);
  const auto phases = all_reduce_after(std::vector<double>(ranks), 1003);
  std::vector<double> sent(ranks);
  const auto result = run_simgrid(topology, make_program(phases),
                                  {.on_mark = {}, .on_transfer = [&](const TransferEvent& event) {
                                     sent[event.source] += static_cast<double>(event.bytes.count);
                                   }});
  REQUIRE(result.links.size() == 2 * ranks);
  for (Rank i = 0; i < ranks; ++i) {
    CHECK(static_cast<double>(result.links[i].bytes.count) == sent[i]);
    CHECK(result.links[i].busy.value == Approx(sent[i] / 1e9).epsilon(tolerance));
    CHECK(result.links[ranks + i].bytes.count == 0);  // nothing goes against the ring
  }
  // 1003 elements: 2*4 passages of every chunk.
  CHECK(std::accumulate(sent.begin(), sent.end(), 0.0) == 2 * 4 * 1003 * 4);
}

TEST_CASE("an all-gather of unequal parts takes the time that the rounds give, empty ones none",
          "[simgrid]") {
  // 4 ranks, 1e6 B/s, 1 ms. Only rank 0 has something: 1000 bytes, 1 ms + 1 ms a hop, three hops
  // one after the other.
  const auto collective = make_ring_all_gather({Bytes{1000}, {}, {}, {}});
  const Phases phases(4, {{call(collective)}});
  CHECK(simulated_end(uniform_ring(4, 1e6, 1e-3), phases) ==
        Approx(3 * (1e-3 + 1e-3)).epsilon(tolerance));
}

TEST_CASE("ranks that have no part in a round go on at once", "[simgrid]") {
  // 4 ranks, 1e6 B/s, no latency to speak of: parts of 1000 bytes on ranks 0 and 2. Round 0: 0>1
  // and 2>3 (1 ms). Round 1: 1>2 and 3>0 (rank 0's receive was posted long before). Round 2: 2>3,
  // 0>1. 3 ms in all.
  const auto collective = make_ring_all_gather({Bytes{1000}, {}, Bytes{1000}, {}});
  const Phases phases(4, {{call(collective)}});
  CHECK(simulated_end(uniform_ring(4, 1e6, 1e-9), phases) ==
        Approx(3 * (1e-3 + 1e-9)).epsilon(tolerance));
}

TEST_CASE("flows that share a link share it equally, whatever their latencies", "[simgrid]") {
  // Rank 0 sends 1 MB to rank 1 over link 0 and, on its other stream, 1 MB to rank 2 over links 0
  // and 1, which has twice the latency and more. Both flows start at 6 ms (the first after a delay
  // of 5 ms and its latency of 1 ms, the second after 1 + 5 ms of latency), each at half of link
  // 0's 1e9 B/s: 2 ms.
  const auto topology = make_ring({1e9, 1e9, 1e9, 1e9, 1e9}, {1e-3, 5e-3, 1e-3, 1e-3, 1e-3});
  Phases phases(5, {{}, {}});
  phases[0] = {{Delay{{5e-3}}, message(5, 0, 1, 1'000'000)}, {message(5, 0, 2, 1'000'000)}};
  phases[1] = {{message(5, 0, 1, 1'000'000)}, {}};
  phases[2] = {{}, {message(5, 0, 2, 1'000'000)}};
  std::vector<double> ends;
  run_simgrid(topology, make_program(phases),
              {.on_mark = {}, .on_transfer = [&](const TransferEvent& event) {
                 ends.push_back(event.end.value);
               }});
  REQUIRE(ends.size() == 2);
  CHECK(ends[0] == Approx(8e-3).epsilon(tolerance));
  CHECK(ends[1] == Approx(8e-3).epsilon(tolerance));
}

TEST_CASE("in a ring of two, each direction has its own link", "[simgrid]") {
  // Both ranks send 1000 bytes at once at 1e6 B/s: 1 ms, not 2.
  CHECK(simulated_end(uniform_ring(2, 1e6, 1e-5), all_reduce_after({0, 0}, 500)) ==
        Approx(2 * (1e-3 + 1e-5)).epsilon(tolerance));
}

TEST_CASE("a message of no bytes takes the latency", "[simgrid]") {
  // 3 elements over 8 ranks: five chunks are empty, and every rank sends in every round: 14 rounds.
  // The three chunks of one element make a front of 4 bytes that some link carries in every round.
  CHECK(simulated_end(uniform_ring(8, 1e6, 1e-3), all_reduce_after(std::vector<double>(8), 3)) ==
        Approx(14 * (1e-3 + 4e-6)).epsilon(tolerance));
}

TEST_CASE("streams of a rank run side by side and wait for each other's events", "[simgrid]") {
  // Rank 0 computes 3 ms on stream 0 and records event 7; stream 1 waits for it and sends 1000
  // bytes (1 ms + 1 ms) to rank 1 while stream 0 computes on for 4 ms: the ends are 5 ms and 7 ms.
  Phases phases(2, {{}, {}});
  phases[0] = {{Delay{{3e-3}}, Record{7}, Delay{{4e-3}}, Mark{MarkKind::gradient_ready, 0, 0}},
               {WaitEvent{7}, message(2, 0, 1, 1000), Mark{MarkKind::exchange_done, 0, 0}}};
  phases[1] = {{}, {message(2, 0, 1, 1000)}};
  std::vector<std::pair<MarkKind, double>> marks;
  const auto result = run_simgrid(
      uniform_ring(2, 1e6, 1e-3), make_program(phases),
      {.on_mark =
           [&](const MarkEvent& event) { marks.emplace_back(event.mark.kind, event.time.value); },
       .on_transfer = {}});
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].first == MarkKind::exchange_done);
  CHECK(marks[0].second == Approx(5e-3).epsilon(tolerance));
  CHECK(marks[1].second == Approx(7e-3).epsilon(tolerance));
  CHECK(result.end.value == Approx(7e-3).epsilon(tolerance));
}

TEST_CASE("marks of one moment come in order of rank", "[simgrid]") {
  Phases phases(4, {{Delay{{1e-3}}, Mark{MarkKind::gradient_ready, 0, 0}}});
  std::vector<Rank> order;
  run_simgrid(
      uniform_ring(4, 1e9, 1e-6), make_program(phases),
      {.on_mark = [&](const MarkEvent& event) { order.push_back(event.rank); }, .on_transfer = {}});
  CHECK(order == std::vector<Rank>{0, 1, 2, 3});
}

TEST_CASE("a program that cannot finish is an error that names rank and operation", "[simgrid]") {
  const auto error_of = [](const Phases& phases) {
    const auto ranks = static_cast<Rank>(phases.size());
    return run_child([&] {
             run_simgrid(uniform_ring(ranks, 1e9, 1e-6), make_program(phases), {});
             return std::vector<double>();
           })
        .error;
  };
  // A message that nobody sends; one that nobody takes; an event that nobody records.
  Phases phases(3, {{Delay{{0.5}}}});
  phases[1] = {{Delay{{0.25}}, message(3, 0, 1, 8)}};
  CHECK(error_of(phases) ==
        "the program cannot finish: rank 1 waits to receive from rank 0 in round 0 of one message "
        "(values, step 0), for ever from 0.5 s on");
  CHECK(error_of({{{message(2, 0, 1, 8)}}, {{}}}) ==
        "the program cannot finish: rank 0 waits to send to rank 1 in round 0 of one message "
        "(values, step 0), for ever from 0 s on");
  CHECK(error_of({{{}, {}}, {{}, {WaitEvent{3}}}}) ==
        "the program cannot finish: stream 1 of rank 1 waits for event 3, which is never recorded, "
        "for ever from 0 s on");
}

TEST_CASE("what a program throws comes out of the run", "[simgrid]") {
  Program program{.ranks = 2, .streams_per_rank = 1, .open = [](Rank, StreamId) -> PhaseSource {
                    return []() -> std::optional<Phase> { throw RunError("no such gradient"); };
                  }};
  CHECK_THROWS_WITH(run_simgrid(uniform_ring(2, 1e9, 1e-6), program, {}), "no such gradient");
}

TEST_CASE("what an observer throws comes out of the run", "[simgrid]") {
  const auto phases = all_reduce_after({0, 0, 1e-3}, 100);
  const auto topology = uniform_ring(3, 1e9, 1e-6);
  CHECK(run_child([&]() -> std::vector<double> {
          run_simgrid(topology, make_program(phases),
                      {.on_mark = {}, .on_transfer = [](const TransferEvent&) {
                         throw RunError("the disk is full");
                       }});
          return {};
        }).error == "the disk is full");
  const Phases marks(2, {{Delay{{1e-3}}, Mark{MarkKind::gradient_ready, 0, 0}, Delay{{1}}}});
  CHECK(run_child([&]() -> std::vector<double> {
          run_simgrid(uniform_ring(2, 1e9, 1e-6), make_program(marks),
                      {.on_mark = [](const MarkEvent&) { throw RunError("no such step"); },
                       .on_transfer = {}});
          return {};
        }).error == "no such step");
}

TEST_CASE("links without latency, with and without bytes", "[simgrid]") {
  // 1000 bytes at 1e6 B/s and nothing else; a message of no bytes then takes no time at all.
  CHECK(simulated_end(uniform_ring(2, 1e6, 0), all_reduce_after({0, 0}, 500)) ==
        Approx(2e-3).epsilon(tolerance));
  CHECK(simulated_end(uniform_ring(4, 1e6, 0), all_reduce_after({0, 0, 0, 1e-3}, 0)) == 1e-3);
}

TEST_CASE("routes with and without latency share a link equally", "[simgrid]") {
  // Rank 0 sends 1 MB to rank 1 over link 0, which has no latency, and 1 MB to rank 2 over links 0
  // and 1 (1 ms). The first flows alone for 1 ms, which is all it needs; had it 1.5 MB, the rest
  // would be shared: 0.5 MB each at 0.5e9 B/s until 2 ms, then 0.5 MB at 1e9 B/s: 2.5 ms.
  const auto topology = make_ring({1e9, 1e9, 1e9, 1e9, 1e9}, {0, 1e-3, 1e-3, 1e-3, 1e-3});
  Phases phases(5, {{}, {}});
  phases[0] = {{message(5, 0, 1, 1'500'000)}, {message(5, 0, 2, 1'000'000)}};
  phases[1] = {{message(5, 0, 1, 1'500'000)}, {}};
  phases[2] = {{}, {message(5, 0, 2, 1'000'000)}};
  std::vector<double> ends;
  const auto result = run_simgrid(topology, make_program(phases),
                                  {.on_mark = {}, .on_transfer = [&](const TransferEvent& event) {
                                     ends.push_back(event.end.value);
                                   }});
  REQUIRE(ends.size() == 2);
  CHECK(ends[0] == Approx(2e-3).epsilon(tolerance));
  CHECK(ends[1] == Approx(2.5e-3).epsilon(tolerance));
  // Link 0 is busy all the time, link 1 from 1 ms on.
  CHECK(result.links[0].busy.value == Approx(2.5e-3).epsilon(tolerance));
  CHECK(result.links[1].busy.value == Approx(1.5e-3).epsilon(tolerance));
}

TEST_CASE("a mark is reported before its stream goes on", "[simgrid]") {
  // The stream's next phase may depend on what the observer did at the mark.
  bool is_marked = false, was_marked = false;
  Program program{.ranks = 1, .streams_per_rank = 1, .open = [&](Rank, StreamId) -> PhaseSource {
                    return [&, count = 0]() mutable -> std::optional<Phase> {
                      if (count++ == 0) return Mark{MarkKind::gradient_ready, 0, 0};
                      was_marked = is_marked;
                      return std::nullopt;
                    };
                  }};
  run_simgrid(uniform_ring(2, 1e9, 1e-6), program,
              {.on_mark = [&](const MarkEvent&) { is_marked = true; }, .on_transfer = {}});
  CHECK(was_marked);
}
