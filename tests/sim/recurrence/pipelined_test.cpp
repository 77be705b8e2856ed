// Pipelined rounds of a ring, which the recurrence runs as fast as ranks come to them.
#include "base/error.hpp"
#include "base/random.hpp"
#include "sim/collectives/pipelined_all_gather.hpp"
#include "tests/sim/recurrence/heard.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::test;

namespace {

Heard hear(const Topology& topology, const Phases& phases, bool message_by_message) {
  Heard heard;
  auto observer = hearing(heard);
  // Who is told of transfers has them run one by one.
  if (message_by_message) observer.on_transfer = [](const TransferEvent&) {};
  test::hear(run_recurrence(topology, make_program(phases), observer), heard);
  return heard;
}

/// All ranks go through the same phases, with delays of their own of up to `spread`; `reduces`: an
/// all-reduce among the all-gathers.
Phases gathers(Random& random, Rank ranks, double spread, bool reduces) {
  Phases phases(ranks, {{}});
  for (std::uint64_t step = 0; step < 4; ++step) {
    std::vector<Bytes> parts(ranks);
    const auto roots = std::size_t{1} << random.below(4);
    for (std::size_t i = 0; i < roots; ++i)
      parts[random.below(ranks)] = Bytes{1 + random.below(60'000)};
    const auto gather =
        step == 3 ? make_ring_all_gather(parts) : make_pipelined_all_gather(parts, Bytes{7000});
    for (auto& rank : phases) {
      rank[0].emplace_back(Delay{{spread * random.uniform()}, DelayKind::compute, step});
      rank[0].emplace_back(Mark{MarkKind::gradient_ready, step, 0});
      rank[0].emplace_back(call(gather, step));
      rank[0].emplace_back(Delay{{1e-5 * random.uniform()}, DelayKind::compress, step});
      if (step == 1 && reduces)
        rank[0].emplace_back(call(make_ring_all_reduce(ranks, 10'000, Bytes{4}), step));
    }
  }
  return phases;
}

Topology drawn_ring(Random& random, Rank ranks, bool is_equal, bool by_size) {
  std::vector<double> bandwidth, latency;
  for (Rank rank = 0; rank < ranks; ++rank) {
    bandwidth.push_back(is_equal ? 1e9 : 1e8 + 1e9 * random.uniform());
    latency.push_back(is_equal ? 1e-5 : 1e-5 * random.uniform());
  }
  auto topology = make_ring(bandwidth, latency);
  if (!by_size) return topology;
  Link link = topology.links()[7];
  LinkExtras extras;
  extras.pieces = {{Bytes{5000}, Seconds{2e-5}, BytesPerSecond{link.bandwidth.value / 2}}};
  link.extras = std::make_shared<LinkExtras>(extras);
  topology.set_link(7, link);
  return topology;
}

}  // namespace

TEST_CASE("pipelined rounds on a ring give what they give message by message, bit for bit",
          "[pipelined]") {
  // With a small spread all ranks come to a gather while it runs, with a large one some have ended
  // it, and those after it, long before others come.
  for (const double spread : {0.0, 1e-5, 1e-2}) {
    for (const Rank ranks : {64, 65, 90}) {
      for (const bool is_equal : {true, false}) {
        INFO("spread " << spread << ", " << ranks << " ranks, equal links: " << is_equal);
        Random random(ranks, Purpose::compute_jitter, is_equal);
        const auto phases = gathers(random, ranks, spread, false);
        const auto topology = drawn_ring(random, ranks, is_equal, ranks == 65);
        const auto fast = hear(topology, phases, false);
        CHECK(fast.path.total().value == Approx(fast.times.front()).epsilon(1e-9));
        check_same(fast, hear(topology, phases, true));
      }
    }
  }
}

TEST_CASE("pipelined rounds and all-reduces in one go follow one another", "[pipelined]") {
  // The all-reduce is the same as message by message but for rounding, and so is what follows.
  Random random(1, Purpose::compute_jitter);
  const auto phases = gathers(random, 70, 1e-3, true);
  const auto topology = drawn_ring(random, 70, false, false);
  const auto fast = hear(topology, phases, false), slow = hear(topology, phases, true);
  REQUIRE(fast.times.size() == slow.times.size());
  for (std::size_t i = 0; i < fast.times.size(); ++i)
    CHECK(fast.times[i] == Approx(slow.times[i]).epsilon(1e-9));
  CHECK(fast.events.size() == slow.events.size());
}

TEST_CASE("a rank that does not come to pipelined rounds is a deadlock that says who waits",
          "[pipelined]") {
  std::vector<Bytes> parts(64);
  parts[5] = Bytes{50'000};
  const auto gather = call(make_pipelined_all_gather(parts, Bytes{7000}));
  Phases phases(64, {{gather}});
  phases[9] = {{Delay{{1e-3}}}};
  const auto error_of = [&](const Observer& observer) {
    try {
      run_recurrence(uniform_ring(64, 1e9, 1e-6), make_program(phases), observer);
    } catch (const RunError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto slow = error_of({.on_transfer = [](const TransferEvent&) {}});
  CHECK(slow.find("the program cannot finish") == 0);
  CHECK(error_of({}) == slow);
}
